"""Lab 04: one Friday morning at a ferry company, from a deployment by digest to one release for two kinds of processor.

Eight tasks, from a worked example to a blank page. Each check reads the state through the APIs of Amazon ECS, EC2,
IAM and ECR, and lets the engine resolve the pull again as things stand then. No text is compared with a text, so
every way by which the container starts counts, unless it opens more than the task allows.
"""

from contextlib import suppress

from ecrlab import access, deploy, oci, registry, workloads
from ecrlab.course import Exercise, Mistake

CREW, BOOKING, TICKETS, TERMINAL = "crew/api", "booking/web", "tickets/api", "payments/terminal"
TIDES, ENGINE, GANGWAY, LOGBOOK = "tides/api", "engine/watch", "gangway/display", "log/book"
CLUSTER = "course"
THERE = "222233334444"
"""The payments team's own account, whose registry holds the image of task 4."""
STRANGER = "arn:aws:iam::999900001111:role/stranger"
"""A role of somebody else's account, where it may do everything."""

PULL = ("BatchGetImage", "GetDownloadUrlForLayer")
PUSH = ("InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage")
CHANGES = (*PUSH, "BatchDeleteImage", "DeleteRepository", "SetRepositoryPolicy")
"""What changes a repository or what is in it."""


def build(name, version, architecture="amd64"):
    """Build one version of a program: a base layer and a layer of its own."""
    base = oci.layer({"etc/os-release": "NAME=Ferry Linux\n"})
    own = oci.layer({"app/server": f"{name} {version}\n"})
    return oci.image(base, own, architecture=architecture, config={"Entrypoint": ["/app/server"]})


# --- What ECR and ECS say ------------------------------------------------------------------------------------------


def reference(lab, name, rest):
    """Write an image of the lab's registry with a tag or a digest, which brings its ``:`` or ``@``."""
    return f"{lab.registry}/{name}{rest}"


def digest_at(lab, name, tag):
    """Return the digest that a tag means, or ``None`` if there is no such tag."""
    ecr = lab.client("ecr")
    try:
        asked = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])
    except ecr.exceptions.ImageNotFoundException:
        return None
    return asked["imageDetails"][0]["imageDigest"]


def revisions(lab, family):
    """Return the ARNs of the active revisions of a task definition, the newest first."""
    listed = lab.client("ecs").list_task_definitions(familyPrefix=family, status="ACTIVE")["taskDefinitionArns"]
    own = [arn for arn in listed if arn.rpartition("/")[2].rpartition(":")[0] == family]
    return sorted(own, key=lambda arn: int(arn.rpartition(":")[2]), reverse=True)


def newest(lab, family):
    """Return what the newest revision of a task definition says, or ``None``."""
    found = revisions(lab, family)
    if not found:
        return None
    described = lab.client("ecs").describe_task_definition(taskDefinition=found[0])["taskDefinition"]
    described.pop("registeredAt", None)
    return workloads.parse_task_definition(described)


def image_of(lab, family):
    """Return the image reference of the first container of the newest revision, or ``None``."""
    definition = newest(lab, family)
    return definition.containers[0].reference if definition and definition.containers else None


def digest_in(lab, family):
    """Return the digest that the newest revision names, as text; ``None`` if it names none."""
    found = image_of(lab, family)
    return str(found.digest) if found and found.digest else None


def running(lab, family):
    """Return the ARNs of the revisions of a family that have a running task."""
    ecs = lab.client("ecs")
    arns = ecs.list_tasks(cluster=CLUSTER, family=family, desiredStatus="RUNNING")["taskArns"]
    tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
    return {task["taskDefinitionArn"] for task in tasks}


def tried(lab, family, network="harbour"):
    """Let the engine resolve a task of the newest revision again, here and now; ``None`` if nothing could run."""
    definition = newest(lab, family)
    if definition is None or definition.execution_role_arn is None:
        return None
    return deploy.preview(lab, revisions(lab, family)[0], **place(lab, network))


def starts(lab, family, network="harbour"):
    """Tell whether a task of the newest revision would start."""
    task = tried(lab, family, network)
    return task is not None and task.started


def failure(lab, family, network="harbour"):
    """Return at which obstacle a task of the newest revision stops, or ``None``."""
    task = tried(lab, family, network)
    return task.failed.obstacle if task and task.failed else None


def why_not(lab, family, network="harbour"):
    """Say why a task of the newest revision would not start; ``None`` if it would."""
    task = tried(lab, family, network)
    if task is None:
        return f"No active revision of `{family}` names an execution role, so nobody can pull for it."
    return f"A task of `{family}` would not start: {task.failed.reason}" if task.failed else None


# --- What IAM says -------------------------------------------------------------------------------------------------


def role_arn(lab, name):
    """Return the ARN of a role of the lab's account."""
    return f"arn:aws:iam::{lab.account_id}:role/{name}"


def may(lab, role, actions, name):
    """Return those of the actions that a role may do in a repository of the lab's account, by its own policies."""
    principal, policies = deploy.role_of(lab, role)
    arn = f"arn:aws:ecr:{lab.region}:{lab.account_id}:repository/{name}"
    requests = {action: access.Request(principal, f"ecr:{action}", arn, lab.account_id, {}) for action in actions}
    return {action for action, request in requests.items() if access.decide(request, policies).allowed}


def role_policies(lab, *names):
    """Return what a learner may change about roles."""
    iam, found = lab.client("iam"), {}
    for name in names:
        inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
        documents = [iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in inline]
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        found[name] = [documents, sorted(each["PolicyArn"] for each in attached)]
    return found


# --- Putting the account into the state in which a task starts -----------------------------------------------------


def away(client, name):
    """Delete a repository, if there is one."""
    with suppress(client.exceptions.RepositoryNotFoundException):
        client.delete_repository(repositoryName=name, force=True)


def fresh(client, name, *pushes):
    """Make a repository anew and push images, each with its tags."""
    away(client, name)
    client.create_repository(repositoryName=name)
    for image, *tags in pushes:
        for tag in tags or [None]:
            registry.push(client, image, name, tag=tag)


def fresh_role(lab, name, *policies):
    """Make a role for tasks anew, with these policies only, and return its ARN."""
    iam = lab.client("iam")
    deploy.role(lab, name, trusts="ecs-tasks.amazonaws.com")
    for each in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=each)
    for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=each["PolicyArn"])
    return deploy.role(lab, name, *policies, trusts="ecs-tasks.amazonaws.com")


def without_tasks(lab, family):
    """Stop what runs of a task definition, and take its revisions away."""
    ecs = lab.client("ecs")
    deploy.cluster(lab, CLUSTER)
    for arn in ecs.list_tasks(cluster=CLUSTER, family=family, desiredStatus="RUNNING")["taskArns"]:
        ecs.stop_task(cluster=CLUSTER, task=arn)
    for arn in revisions(lab, family):
        ecs.deregister_task_definition(taskDefinition=arn)


def fresh_definition(lab, family, image, **more):
    """Register a task definition as the only revision of its family that is active."""
    without_tasks(lab, family)
    deploy.register(lab, workloads.task_definition(image, family=family, **more))


def named(name):
    """Return the filter by which EC2 finds what has a name."""
    return [{"Name": "tag:Name", "Values": [name]}]


def found_in(lab, name):
    """Return VPC, subnets and route tables that have a name, as ids; the lists are empty if there is none."""
    ec2 = lab.client("ec2")
    return (
        [each["VpcId"] for each in ec2.describe_vpcs(Filters=named(name))["Vpcs"]],
        [each["SubnetId"] for each in ec2.describe_subnets(Filters=named(name))["Subnets"]],
        [each["RouteTableId"] for each in ec2.describe_route_tables(Filters=named(name))["RouteTables"]],
    )


def groups_of(lab, vpc):
    """Return the security groups of a VPC, name -> id."""
    there = lab.client("ec2").describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    return {each["GroupName"]: each["GroupId"] for each in there["SecurityGroups"]}


def place(lab, name):
    """Return the subnets with a name, and their VPC's group for what runs in it, as ``deploy.preview`` takes them."""
    (vpc, *_), subnets, _ = found_in(lab, name)
    return {"subnets": subnets, "security_groups": [groups_of(lab, vpc)["workload"]]}


def new_network(lab, name, **settings):
    """Make a private network under a name; one that had the name loses it."""
    ec2 = lab.client("ec2")
    if before := [each for ids in found_in(lab, name) for each in ids]:
        ec2.delete_tags(Resources=before, Tags=[{"Key": "Name"}])
    network = deploy.private_network(lab, **settings)
    own = [{"Name": "association.subnet-id", "Values": list(network.subnets)}]
    tables = [each["RouteTableId"] for each in ec2.describe_route_tables(Filters=own)["RouteTables"]]
    ec2.create_tags(Resources=[network.vpc_id, *network.subnets, *tables], Tags=[{"Key": "Name", "Value": name}])
    return network


def harbour(lab):
    """Make the network of the harbour, unless it is there: private subnets with a NAT gateway."""
    if not found_in(lab, "harbour")[0]:
        new_network(lab, "harbour", nat=True)


# --- 1. By digest --------------------------------------------------------------------------------------------------


def tested():
    """Return the image of crew/api that was tested in the night."""
    return build(CREW, "3.2.0")


def prepare_digest(lab):
    """Push the tested image and a newer one; run nothing of ``crew``."""
    harbour(lab)
    deploy.execution_role(lab)
    fresh(lab.client("ecr"), CREW, (tested(), "3.2.0"), (build(CREW, "3.3.0-dev"), "latest"))
    without_tasks(lab, "crew")
    return f"{CREW} holds 3.2.0 and latest. The cluster {CLUSTER} and the network named harbour are there."


def deployed(*families):
    """Return a function that reads what a learner may change at ECS: revisions, and what runs of them."""

    def read(lab):
        return {family: [revisions(lab, family), sorted(running(lab, family))] for family in families}

    return read


def check_digest(lab, answer):
    """The newest revision names the tested image by its digest, and a task of it runs."""
    if image_of(lab, "crew") is None:
        return "There is no active task definition `crew`."
    if digest_in(lab, "crew") is None:
        return "The newest revision of `crew` does not name its image by digest."
    if digest_in(lab, "crew") != str(tested().digest):
        return "The newest revision of `crew` names another image than the one that was tested."
    if missing := why_not(lab, "crew"):
        return missing
    return None if revisions(lab, "crew")[0] in running(lab, "crew") else "Nothing of the newest revision runs."


NETWORK = """\
harbour = [{"Name": "tag:Name", "Values": ["harbour"]}]
subnets = [each["SubnetId"] for each in lab.client("ec2").describe_subnets(Filters=harbour)["Subnets"]]
"""
"""The lines with which a cell finds the subnets of the harbour."""


def digest_cell(image, last="deploy.run_task(lab, definition, subnets=subnets)"):
    """Return a cell of task 1, with the image and what is done with the definition as code."""
    return f"""\
from ecrlab import deploy, workloads
{NETWORK}tested = [{{"imageTag": "3.2.0"}}]
found = lab.client("ecr").describe_images(repositoryName="crew/api", imageIds=tested)["imageDetails"][0]
image = {image}
definition = workloads.task_definition(image, family="crew")
{last}"""


BY_DIGEST = 'f"{lab.registry}/crew/api@{found["imageDigest"]}"'.replace('["imageDigest"]', "['imageDigest']")

DIGEST = Exercise(
    id="04.digest",
    title="What was tested is what sails",
    objective="Deploy an image by its digest",
    minutes=6,
    prepare=prepare_digest,
    starter=digest_cell("____  # the tested image, by a name that always means the same bytes"),
    check=check_digest,
    mistakes=(
        Mistake(
            id="tag",
            when=lambda lab, answer: image_of(lab, "crew") is not None and digest_in(lab, "crew") is None,
            message=(
                "The task runs, and today it runs the right image. But its definition names a tag, and anybody who may push "
                "can let the tag mean something else before the next start. Look at `found`: which of its fields "
                "can never come to mean other bytes?"
            ),
            code=digest_cell('f"{lab.registry}/crew/api:3.2.0"'),
        ),
        Mistake(
            id="config",
            when=lambda lab, answer: digest_in(lab, "crew") == str(tested().config_descriptor.digest),
            message=(
                "That is a digest, and of a part of this image: its config. A runtime asks the registry for a manifest, and "
                "no manifest has this digest, so the task stops with *not found*. Look at the digest that "
                "`describe_images` gives."
            ),
            code=digest_cell(
                "f\"{lab.registry}/crew/api@{registry.pull(lab.client('ecr'), 'crew/api', '3.2.0').config_descriptor.digest}\""
            ),
        ),
        Mistake(
            id="latest",
            when=lambda lab, answer: digest_in(lab, "crew") == digest_at(lab, CREW, "latest"),
            message=(
                "The image is named by digest, and it is the wrong one: what `latest` means was built after the test, and "
                "nobody has tried it. A digest pins whatever you hand it. Look at which tag the test team named."
            ),
            code=digest_cell(BY_DIGEST).replace('"imageTag": "3.2.0"', '"imageTag": "latest"'),
        ),
        Mistake(
            id="not-run",
            when=lambda lab, answer: digest_in(lab, "crew") == str(tested().digest) and not running(lab, "crew"),
            message=(
                "The definition is registered and right, and nothing runs. A task definition is a recipe; ECS starts nothing "
                "because of it. Look at the last line of Tomas's cell."
            ),
            code=digest_cell(BY_DIGEST, "deploy.register(lab, definition)"),
        ),
    ),
    hints=(
        "A tag is a name that can move. The name that cannot is computed from the bytes of the manifest, and it stands "
        "behind the repository's name with an `@`.",
        '`found["imageDigest"]` is the digest, `lab.registry` the registry. Put the repository between them.',
        'Nearly the code: `f"{lab.registry}/crew/api@{…}"`, with single quotes inside the braces.',
    ),
    solution=digest_cell(BY_DIGEST),
    explain=(
        "The digest follows from the manifest, and the manifest names config and layers by their digests. So this revision "
        "runs these bytes or nothing. To deploy something else, somebody has to register another revision, "
        "which everybody can see."
    ),
    alternates=(
        digest_cell(BY_DIGEST.replace("api@", "api:3.2.0@")),
        f"""\
from ecrlab import deploy, workloads
{NETWORK}image = registry.pull(lab.client("ecr"), "crew/api", "3.2.0")
document = workloads.task_definition(f"{{lab.registry}}/crew/api@{{image.digest}}", family="crew")
arn = deploy.register(lab, document)
network = {{"awsvpcConfiguration": {{"subnets": subnets, "securityGroups": []}}}}
lab.client("ecs").run_task(cluster="course", taskDefinition=arn, launchType="FARGATE", networkConfiguration=network)""",
    ),
    elsewhere=deployed("crew"),
)


# --- 2. The tag that moved -----------------------------------------------------------------------------------------


def prepare_moved(lab):
    """Push the two builds; the cell itself lets ``stable`` move."""
    harbour(lab)
    deploy.execution_role(lab)
    builds = (build(BOOKING, number) for number in (17, 18))
    fresh(lab.client("ecr"), BOOKING, *((image, f"build-{n}") for n, image in enumerate(builds, start=17)))
    without_tasks(lab, "booking")
    return f"{BOOKING} holds build-17, with the fault, and build-18, with the fix."


def runs(service, number):
    """Tell whether a service has tasks, and they all run a build."""
    wanted = build(BOOKING, number).digest
    return service.running_count > 0 and all(task.pull().digest == wanted for task in service.tasks)


def check_moved(lab, answer):
    """Three tasks run, and all of them run the fix."""
    if not isinstance(answer, deploy.Service):
        return "`service` is not what `deploy.service` returned."
    if not runs(answer, 18):
        return "Not all tasks of the service run build-18."
    return None if answer.running_count == 3 else f"{answer.running_count} tasks run, and there should be 3."


MOVED_START = f"""\
from ecrlab import deploy, workloads
{NETWORK}ecr, name = lab.client("ecr"), "booking/web"
registry.push(ecr, registry.pull(ecr, name, "build-17"), name, tag="stable")
definition = workloads.task_definition(f"{{lab.registry}}/{{name}}:stable", family="booking")
service = deploy.service(lab, "booking", definition, desired_count=2, subnets=subnets)
registry.push(ecr, registry.pull(ecr, name, "build-18"), name, tag="stable")
service.scale(3)
"""

MOVED = Exercise(
    id="04.moved",
    title="The tag that moved",
    objective="Bring what a tag means now into a running service",
    minutes=7,
    prepare=prepare_moved,
    starter=f"{MOVED_START}____  # bring the fix into service\nservice",
    check=check_moved,
    mistakes=(
        Mistake(
            id="none-left",
            when=lambda lab, answer: isinstance(answer, deploy.Service) and answer.running_count == 0,
            message=(
                "Nothing runs, so the fault is gone, and so is the booking site. Starting tasks again in this deployment "
                "would not help either: they would run its digest. Run `reset`, and look for a step after which "
                "there are two deployments."
            ),
            code=f"{MOVED_START}service.scale(0)",
        ),
        Mistake(
            id="same-deployment",
            when=lambda lab, answer: runs(answer, 17) and len(answer.deployments) == 1,
            message=(
                "The tasks may be new, and they run build-17 still. ECS looked the tag up once, when the deployment began, "
                "and whatever starts in this deployment runs that digest. The table has one deployment. "
                "What makes ECS begin another one?"
            ),
            code=f"{MOVED_START}service.replace_tasks()",
        ),
        Mistake(
            id="pinned-old",
            when=lambda lab, answer: runs(answer, 17) and len(answer.deployments) > 1,
            message=(
                "A new deployment has begun, which is right, and it runs build-17 again. Each new deployment looks up what "
                "its definition names at that moment. Look at what yours named, and at what `stable` means now."
            ),
            code=f"""\
{MOVED_START.replace("service.scale(3)", 'old = registry.pull(ecr, name, "build-17").digest')}\
pinned = workloads.task_definition(f"{{lab.registry}}/{{name}}@{{old}}", family="booking")
service.scale(3).update(pinned)""",
        ),
    ),
    hints=(
        "A push does not tell ECS anything. And a task that starts later does not look the tag up again: that was done "
        "when the deployment began.",
        "`service.update` begins a new deployment, if the task definition is a new one, or if it is told to begin "
        "one although nothing has changed.",
        "Nearly the code: `service.update(force_…=True)`, in the place of the blank.",
    ),
    solution=f"{MOVED_START}service.update(force_new_deployment=True)\nservice",
    explain=(
        "ECS resolves a tag once for each deployment, so that all its tasks run the same image even if the tag moves between "
        "two starts. A new deployment resolves it anew. Who deploys by digest never has to force anything: a new "
        "image is a new task definition."
    ),
    alternates=(
        MOVED_START.replace("service.scale(3)\n", "")
        + 'fixed = registry.pull(ecr, name, "build-18").digest\n'
        + 'service.scale(3).update(workloads.task_definition(f"{lab.registry}/{name}@{fixed}", family="booking"))',
        f"""\
{MOVED_START}lab.client("ecs").delete_service(cluster="course", service="booking", force=True)
service = deploy.service(lab, "booking", definition, desired_count=3, subnets=subnets)""",
        f"{MOVED_START}service.update(definition)",
    ),
    elsewhere=deployed("booking"),
)


# --- 3. Nobody let it in -------------------------------------------------------------------------------------------


def prepare_role(lab):
    """Register ``tickets`` with an execution role without rights, and a task role with the bucket of the program."""
    harbour(lab)
    fresh(lab.client("ecr"), TICKETS, (build(TICKETS, "5.0.1"), "5.0.1"))
    bucket = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::northquay-tickets/*"}
    execution = fresh_role(lab, "tickets-exec")
    program = fresh_role(lab, "tickets-task", {"Version": "2012-10-17", "Statement": [bucket]})
    image = reference(lab, TICKETS, ":5.0.1")
    fresh_definition(lab, "tickets", image, execution_role_arn=execution, task_role_arn=program)
    return "The task definition tickets is registered. It has two roles, tickets-exec and tickets-task."


def puller_of(lab, family):
    """Return the ARN of the role that pulls for the newest revision, or ``None``."""
    definition = newest(lab, family)
    return definition.execution_role_arn if definition else None


def check_role(lab, answer):
    """The task starts, and who pulls for it changes nothing."""
    if missing := why_not(lab, "tickets"):
        return missing
    if extra := may(lab, puller_of(lab, "tickets"), CHANGES, TICKETS):
        return f"The task starts, but the role that pulls may do more: `ecr:{min(extra)}` is allowed."
    return None


MANAGED = "arn:aws:iam::aws:policy/"
EXECUTION_POLICY = f"{MANAGED}service-role/AmazonECSTaskExecutionRolePolicy"


def role_cell(role, policy):
    """Return a cell of task 3, with the role and the policy as code."""
    return f'lab.client("iam").attach_role_policy(RoleName={role}, PolicyArn={policy})'


def inline_cell(*actions):
    """Return a cell of task 3 that writes a policy of its own."""
    return f"""\
import json
actions = {[f"ecr:{action}" for action in actions]!r}
allow = {{"Effect": "Allow", "Action": actions, "Resource": "*"}}
policy = json.dumps({{"Version": "2012-10-17", "Statement": [allow]}})
lab.client("iam").put_role_policy(RoleName="tickets-exec", PolicyName="pull", PolicyDocument=policy)""".replace(
        "'", '"'
    )


ROLE = Exercise(
    id="04.role",
    title="Cannot pull: the wrong role",
    objective="Give a task what its pull needs, at the role that pulls",
    minutes=7,
    prepare=prepare_role,
    starter=role_cell("____", "____"),
    check=check_role,
    mistakes=(
        Mistake(
            id="task-role",
            when=lambda lab, answer: (
                len(may(lab, role_arn(lab, "tickets-task"), PULL, TICKETS)) == 2
                and failure(lab, "tickets") is workloads.Obstacle.LOGIN_DENIED
            ),
            message=(
                "`tickets-task` may pull now, and it never does: the task role belongs to the program, which does not run "
                "before its image is there. The message still names the role that was refused. Look at its words "
                "after *assumed-role*."
            ),
            code=role_cell('"tickets-task"', f'"{EXECUTION_POLICY}"'),
        ),
        Mistake(
            id="no-login",
            when=lambda lab, answer: (
                len(may(lab, role_arn(lab, "tickets-exec"), PULL, TICKETS)) == 2
                and failure(lab, "tickets") is workloads.Obstacle.LOGIN_DENIED
            ),
            message=(
                "The role may have manifest and layers, and it does not get that far: the login is refused. It is an action "
                "of its own, which belongs to no repository. Look at the action that the message names."
            ),
            code=inline_cell(*PULL),
        ),
        Mistake(
            id="power",
            when=lambda lab, answer: (
                starts(lab, "tickets") and bool(may(lab, puller_of(lab, "tickets"), CHANGES, TICKETS))
            ),
            message=(
                "The ticket office opens, and the machine that runs this image may also replace it. Whoever breaks in there "
                "pushes whatever he likes. Look at the actions of the policy that you took: which of them does "
                "a pull never use?"
            ),
            code=role_cell('"tickets-exec"', f'"{MANAGED}AmazonEC2ContainerRegistryPowerUser"'),
        ),
        Mistake(
            id="manifest-only",
            when=lambda lab, answer: failure(lab, "tickets") is workloads.Obstacle.LAYERS_DENIED,
            message=(
                "One step further: the login works, the manifest arrives, and then the layers are refused. A pull is more than "
                "reading a manifest. Let the task run again, and look at the step at which it stops now."
            ),
            code=inline_cell("GetAuthorizationToken", "BatchGetImage"),
        ),
    ),
    hints=(
        "Two roles, two jobs. One is what the program uses when it calls AWS. The other is what ECS uses before the program "
        "exists. The message names the one that was refused.",
        "The role is `tickets-exec`. AWS has a managed policy for just this, `AmazonECSTaskExecutionRolePolicy`; "
        "its ARN begins with `arn:aws:iam::aws:policy/service-role/`.",
        'Nearly the code: `attach_role_policy(RoleName="tickets-…", PolicyArn="arn:aws:iam::aws:policy/service-role/…")`.',
    ),
    solution=role_cell('"tickets-exec"', f'"{EXECUTION_POLICY}"'),
    explain=(
        "On Fargate the task execution role logs in, reads the manifest and asks for the layers. The task role belongs to the "
        "program and pulls nothing. The managed policy allows the pull and the writing of logs, and no change "
        "of a repository."
    ),
    alternates=(
        role_cell('"tickets-exec"', f'"{MANAGED}AmazonEC2ContainerRegistryPullOnly"'),
        inline_cell("GetAuthorizationToken", *PULL),
        """\
from ecrlab import deploy, workloads
role = deploy.execution_role(lab)
image = f"{lab.registry}/tickets/api:5.0.1"
deploy.register(lab, workloads.task_definition(image, family="tickets", execution_role_arn=role))""",
    ),
    elsewhere=lambda lab: [role_policies(lab, "tickets-exec", "tickets-task"), deployed("tickets")(lab)],
)


# --- 4. Another account's image ------------------------------------------------------------------------------------


def there(lab):
    """Return what acts as the administrator of the payments team's account."""
    return lab.act_as(f"arn:aws:iam::{THERE}:root")


def prepare_account(lab):
    """Push the image into the other account's registry, whose repository has no policy."""
    harbour(lab)
    away(lab.client("ecr"), TERMINAL)
    with there(lab) as payments:
        fresh(payments.client("ecr"), TERMINAL, (build(TERMINAL, "5.1"), "5.1"))
    execution = fresh_role(lab, "terminal-exec", "AmazonECSTaskExecutionRolePolicy")
    program = fresh_role(lab, "terminal-task")
    image = f"{str(lab.registry).replace(lab.account_id, THERE)}/{TERMINAL}:5.1"
    fresh_definition(lab, "terminal", image, execution_role_arn=execution, task_role_arn=program)
    return f"{TERMINAL} is in account {THERE}. The task definition terminal names it from here."


def their_policy(lab):
    """Return the text of the policy of the payments team's repository, or ``None``."""
    with there(lab) as payments:
        ecr = payments.client("ecr")
        try:
            return ecr.get_repository_policy(repositoryName=TERMINAL)["policyText"]
        except ecr.exceptions.RepositoryPolicyNotFoundException:
            return None


def let_in(lab, role, actions, own=None):
    """Return those of the actions that a role of another account may do there, if its own side allows everything."""
    text = their_policy(lab)
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    policies = access.Policies(
        identity=(access.parse(everything, access.PolicyKind.IDENTITY),),
        repository=access.parse(text, access.PolicyKind.REPOSITORY) if text else None,
    )
    arn, who = f"arn:aws:ecr:{lab.region}:{THERE}:repository/{TERMINAL}", access.Principal.of(role)
    requests = {action: access.Request(who, f"ecr:{action}", arn, THERE, {}) for action in actions}
    return {action for action, request in requests.items() if access.decide(request, policies).allowed}


def check_account(lab, answer):
    """The task starts; strangers stay out, and nobody from here changes anything there."""
    if missing := why_not(lab, "terminal"):
        return missing
    if let_in(lab, STRANGER, PULL):
        return "The task starts, but accounts that nobody knows may pull as well."
    if extra := let_in(lab, role_arn(lab, "terminal-exec"), CHANGES):
        return f"The task starts, but this account may do more there than pull: `ecr:{min(extra)}`."
    return None


def account_cell(principal, actions):
    """Return a cell of task 4, with the principal and the actions of the policy as code."""
    return f"""\
import json
statement = {{"Effect": "Allow", "Principal": {principal}, "Action": {actions}}}
policy = json.dumps({{"Version": "2012-10-17", "Statement": [statement]}})
with lab.act_as("arn:aws:iam::222233334444:root") as payments:
    payments.client("ecr").set_repository_policy(repositoryName="payments/terminal", policyText=policy)"""


OUR_ROLE = '{"AWS": f"arn:aws:iam::{lab.account_id}:role/terminal-exec"}'
OUR_PULL = '["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]'

ACCOUNT = Exercise(
    id="04.account",
    title="Cannot pull: another account",
    objective="Let a task pull from another account's registry",
    minutes=7,
    prepare=prepare_account,
    starter=account_cell("____", "____"),
    check=check_account,
    mistakes=(
        Mistake(
            id="program",
            when=lambda lab, answer: (
                len(let_in(lab, role_arn(lab, "terminal-task"), PULL)) == 2
                and failure(lab, "terminal") is workloads.Obstacle.MANIFEST_DENIED
            ),
            message=(
                "The other account lets `terminal-task` in, and that role pulls nothing: it belongs to the program. The task "
                "definition names two roles. Which of them asks the registry for the image?"
            ),
            code=account_cell(OUR_ROLE.replace("exec", "task"), OUR_PULL),
        ),
        Mistake(
            id="half",
            when=lambda lab, answer: failure(lab, "terminal") is workloads.Obstacle.LAYERS_DENIED,
            message=(
                "The manifest arrives now, and the layers are still refused. Both accounts have to allow each action of a "
                "pull, and the policy over there allows one of them. Let the task run again, and look at its last step."
            ),
            code=account_cell(OUR_ROLE, '["ecr:BatchGetImage"]'),
        ),
        Mistake(
            id="world",
            when=lambda lab, answer: bool(let_in(lab, STRANGER, PULL)),
            message=(
                "The task starts, and with this policy so would anybody's. The star means every account of AWS, not every "
                "account of Northquay Ferries. Who is it that pulls? Look at the principal."
            ),
            code=account_cell('"*"', OUR_PULL),
        ),
        Mistake(
            id="everything",
            when=lambda lab, answer: bool(let_in(lab, role_arn(lab, "terminal-exec"), CHANGES)),
            message=(
                "The task starts, and the payments team has given its repository away: from here one could overwrite or "
                "delete the image. Look at the actions of the statement, and count what a pull needs."
            ),
            code=account_cell(OUR_ROLE, '["ecr:*"]'),
        ),
    ),
    hints=(
        "Between two accounts, both sides have to allow. This side does: `terminal-exec` may pull from any repository. "
        "So who has not spoken yet?",
        "The repository's policy needs a principal, which is the execution role or its whole account, and the two "
        "actions of a pull. The login is not among them: no repository policy can give it.",
        'Nearly the code: `{"AWS": f"arn:aws:iam::{lab.account_id}:role/…"}` and `["ecr:BatchGet…", "ecr:GetDownload…"]`.',
    ),
    solution=account_cell(OUR_ROLE, OUR_PULL),
    explain=(
        "The execution role logs in with its own account's permission. For manifest and layers of another account, its own "
        "policy and the policy of the repository both have to allow. The message on Fargate says *403 Forbidden* "
        "only, so look at both sides."
    ),
    alternates=(
        account_cell('{"AWS": lab.account_id}', OUR_PULL),
        account_cell('{"AWS": f"arn:aws:iam::{lab.account_id}:root"}', OUR_PULL),
        """\
from ecrlab import deploy, workloads
with lab.act_as("arn:aws:iam::222233334444:root") as payments:
    image = registry.pull(payments.client("ecr"), "payments/terminal", "5.1")
lab.client("ecr").create_repository(repositoryName="payments/terminal")
registry.push(lab.client("ecr"), image, "payments/terminal", tag="5.1")
role = f"arn:aws:iam::{lab.account_id}:role/terminal-exec"
name = f"{lab.registry}/payments/terminal:5.1"
deploy.register(lab, workloads.task_definition(name, family="terminal", execution_role_arn=role))""",
    ),
    elsewhere=lambda lab: [their_policy(lab), role_policies(lab, "terminal-exec"), deployed("terminal")(lab)],
)


# --- 5. The image in the archive -----------------------------------------------------------------------------------


def certified():
    """Return the image of tides/api that the port authority has certified."""
    return build(TIDES, "1.9.0")


def prepare_archived(lab):
    """Archive the certified image, which a task definition names by digest."""
    harbour(lab)
    deploy.execution_role(lab)
    ecr = lab.client("ecr")
    fresh(ecr, TIDES, (certified(), "1.9.0"), (build(TIDES, "2.0.0"), "2.0.0"))
    identifier = {"imageDigest": str(certified().digest)}
    ecr.update_image_storage_class(repositoryName=TIDES, imageId=identifier, targetStorageClass="ARCHIVE")
    fresh_definition(lab, "tides", reference(lab, TIDES, f"@{certified().digest}"))
    return "The task definition tides names version 1.9.0 by digest. Somebody tidied the repository last night."


def status_of(lab, image):
    """Return the status of an image of tides/api, ``GONE`` if it is not there."""
    ecr = lab.client("ecr")
    asked = {"imageIds": [{"imageDigest": str(image.digest)}], "filter": {"imageStatus": "ANY"}}
    try:
        return ecr.describe_images(repositoryName=TIDES, **asked)["imageDetails"][0]["imageStatus"]
    except ecr.exceptions.ImageNotFoundException:
        return "GONE"


def resolved(lab, family):
    """Return the digest that a task of the newest revision would run, as text, or ``None``."""
    task = tried(lab, family)
    found = task.pull().resolved if task else None
    return str(found) if found else None


def check_archived(lab, answer):
    """A task of the newest revision starts, with the certified image."""
    if resolved(lab, "tides") not in (None, str(certified().digest)):
        return "A task of `tides` would start, with another image than the one that is certified."
    return why_not(lab, "tides")


def archived_cell(storage, last):
    """Return a cell of task 5, with the storage class and what follows as code."""
    return f"""\
ecr, name = lab.client("ecr"), "tides/api"
tides = lab.client("ecs").describe_task_definition(taskDefinition="tides")["taskDefinition"]
digest = tides["containerDefinitions"][0]["image"].partition("@")[2]
ecr.update_image_storage_class(repositoryName=name, imageId={{"imageDigest": digest}}, targetStorageClass={storage})
{last}"""


ARCHIVED = Exercise(
    id="04.archived",
    title="Cannot pull: tidied away",
    objective="Find out what became of an image that a task names, and bring it back",
    minutes=7,
    prepare=prepare_archived,
    starter=archived_cell("____", "____  # until it is there again"),
    check=check_archived,
    mistakes=(
        Mistake(
            id="on-its-way",
            when=lambda lab, answer: status_of(lab, certified()) == "ACTIVATING",
            message=(
                "The image is on its way back, and not there yet: the registry says `ACTIVATING`, and until that is over a "
                "pull finds nothing. Coming back from the archive takes up to twenty minutes. What moves the "
                "lab's clock?"
            ),
            code=archived_cell('"STANDARD"', "lab.clock.advance(minutes=5)"),
        ),
        Mistake(
            id="other-version",
            when=lambda lab, answer: resolved(lab, "tides") == str(build(TIDES, "2.0.0").digest),
            message=(
                "The task would start, and run version 2.0.0. It is the newest, and it has no certificate; with it the ships "
                "may not sail. The digest in the old definition was right. Ask the registry what became of the image "
                "behind it, archived images included."
            ),
            code="""\
from ecrlab import deploy, workloads
deploy.register(lab, workloads.task_definition(f"{lab.registry}/tides/api:2.0.0", family="tides"))""",
        ),
        Mistake(
            id="by-tag",
            when=lambda lab, answer: image_of(lab, "tides") is not None and digest_in(lab, "tides") is None,
            message=(
                "The definition names version 1.9.0 by its tag now, and that changes nothing: tag and digest mean the same "
                "image, and the image is what cannot be had. Look at its `imageStatus`, with a filter for every status."
            ),
            code="""\
from ecrlab import deploy, workloads
deploy.register(lab, workloads.task_definition(f"{lab.registry}/tides/api:1.9.0", family="tides"))""",
        ),
        Mistake(
            id="rebuilt",
            when=lambda lab, answer: digest_at(lab, TIDES, "1.9.0") not in (None, str(certified().digest)),
            message=(
                "Something new carries the tag 1.9.0, and the definition names a digest, so the task stops as before. And that "
                "is its luck: what was certified are bytes, not a number. The old image is not deleted. Where is it?"
            ),
            code="""\
rebuilt = oci.image(oci.layer({"app/server": "tides 1.9.0, once more"}))
registry.push(lab.client("ecr"), rebuilt, "tides/api", tag="1.9.0")""",
        ),
    ),
    hints=(
        "The service says *not found*, and so it says of three things: an image that never was, one that was deleted, and one "
        "that cannot be pulled at present. Only the registry knows which.",
        "`update_image_storage_class` takes an image from `ARCHIVE` back to the other storage class. It takes time, which "
        "`lab.clock.advance` lets pass.",
        'Nearly the code: `targetStorageClass="STAN…"`, then `lab.clock.advance(minutes=…)`.',
    ),
    solution=archived_cell('"STANDARD"', "lab.clock.advance(minutes=20)"),
    explain=(
        "An archived image keeps its digest and its tags, and cannot be pulled until it is restored. Had a rule deleted it, "
        "only a push of the very same bytes would have helped. Rules that tidy have to spare what runs: by its tag, "
        "or by the time of its last pull."
    ),
    alternates=(
        archived_cell('"STANDARD"', "lab.clock.advance(hours=1)"),
        """\
by_tag = {"imageTag": "1.9.0"}
lab.client("ecr").update_image_storage_class(repositoryName="tides/api", imageId=by_tag, targetStorageClass="STANDARD")
lab.clock.advance(minutes=30)""",
    ),
    elsewhere=lambda lab: [deployed("tides")(lab), status_of(lab, certified())],
)


# --- 6. A private subnet -------------------------------------------------------------------------------------------


def prepare_endpoints(lab):
    """Make a private network without any way out, and a security group for endpoints that lets its tasks in."""
    deploy.execution_role(lab)
    fresh(lab.client("ecr"), ENGINE, (build(ENGINE, "7.2"), "7.2"))
    network = new_network(lab, "engine-room")
    ec2 = lab.client("ec2")
    described = {"Description": "The VPC endpoints of the engine room", "VpcId": network.vpc_id}
    door = ec2.create_security_group(GroupName="endpoints", **described)["GroupId"]
    pairs = [{"GroupId": network.security_group}]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": pairs}
    ec2.authorize_security_group_ingress(GroupId=door, IpPermissions=[rule])
    fresh_definition(lab, "engine", reference(lab, ENGINE, ":7.2"))
    return "The network named engine-room is there: private subnets, no NAT gateway, no endpoint."


def room(lab):
    """Return the engine room's network as a task there has it."""
    where = place(lab, "engine-room")
    return deploy.network_of(lab, where["subnets"][0], security_groups=where["security_groups"])


def ways_out(lab):
    """Read what a learner may change about the engine room: routes, endpoints and the rules of security groups."""
    ec2, (vpc, *_) = lab.client("ec2"), found_in(lab, "engine-room")[0]
    own = [{"Name": "vpc-id", "Values": [vpc]}]
    tables = [each["Routes"] for each in ec2.describe_route_tables(Filters=own)["RouteTables"]]
    endpoints = [each["VpcEndpointId"] for each in ec2.describe_vpc_endpoints(Filters=own)["VpcEndpoints"]]
    rules = [each["IpPermissions"] for each in ec2.describe_security_groups(Filters=own)["SecurityGroups"]]
    return [tables, endpoints, rules, deployed("engine")(lab)]


def check_endpoints(lab, answer):
    """The task starts in the engine room, and nothing there reaches the internet."""
    if room(lab).internet.is_open:
        return "The engine room has a way to the internet."
    return why_not(lab, "engine", "engine-room")


ROOM_START = """\
ec2, named = lab.client("ec2"), [{"Name": "tag:Name", "Values": ["engine-room"]}]
vpc = ec2.describe_vpcs(Filters=named)["Vpcs"][0]["VpcId"]
subnets = [each["SubnetId"] for each in ec2.describe_subnets(Filters=named)["Subnets"]]
tables = [each["RouteTableId"] for each in ec2.describe_route_tables(Filters=named)["RouteTables"]]
inside = [{"Name": "vpc-id", "Values": [vpc]}]
groups = {each["GroupName"]: each["GroupId"] for each in ec2.describe_security_groups(Filters=inside)["SecurityGroups"]}
"""


def endpoint_cell(group, wanted, names="True"):
    """Return a cell of task 6: the group, the services with their kinds of endpoint, and private DNS as code."""
    return f"""\
{ROOM_START}own = {{"Interface": {{"SubnetIds": subnets, "SecurityGroupIds": [groups[{group}]], "PrivateDnsEnabled": {names}}}}}
own["Gateway"] = {{"RouteTableIds": tables}}
wanted = {wanted}
for end, kind in wanted.items():
    name = f"com.amazonaws.{{lab.region}}.{{end}}"
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=name, VpcEndpointType=kind, **own[kind])"""


DOORS = '{"ecr.api": "Interface", "ecr.dkr": "Interface", "s3": "Gateway"}'


def to_s3(lab):
    """Return the kinds of the endpoints to S3 in the engine room."""
    (vpc, *_), *_ = found_in(lab, "engine-room")
    own = [{"Name": "vpc-id", "Values": [vpc]}]
    there = lab.client("ec2").describe_vpc_endpoints(Filters=own)["VpcEndpoints"]
    return {each.get("VpcEndpointType") or "Gateway" for each in there if each["ServiceName"].endswith(".s3")}


ENDPOINTS = Exercise(
    id="04.endpoints",
    title="No way out of the engine room",
    objective="Let a private subnet without internet pull, over VPC endpoints",
    minutes=10,
    prepare=prepare_endpoints,
    starter=endpoint_cell("____", '____  # e.g. {"sqs": "Interface", "dynamodb": "Gateway"}'),
    check=check_endpoints,
    mistakes=(
        Mistake(
            id="internet",
            when=lambda lab, answer: room(lab).internet.is_open,
            message=(
                "There is a way now, and it leads everywhere: a NAT gateway lets whatever runs in the engine room talk to the "
                "whole internet, which the safety officer forbade. Run `reset`. AWS can put a door to single services "
                "into the VPC instead."
            ),
            code=f"""\
{ROOM_START}address = ec2.allocate_address(Domain="vpc")["AllocationId"]
nat = ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
for each in tables:
    ec2.create_route(RouteTableId=each, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)""",
        ),
        Mistake(
            id="bucket-by-interface",
            when=lambda lab, answer: to_s3(lab) == {"Interface"},
            message=(
                "There is an endpoint for S3, of the kind that is a network interface, and the task does not get its layers "
                "through it. For a pull, Amazon ECR asks for the other kind, which is an entry in the route tables. "
                "Run `reset`, and look at the kinds in `wanted`."
            ),
            code=endpoint_cell('"endpoints"', DOORS.replace("Gateway", "Interface")),
        ),
        Mistake(
            id="layers",
            when=lambda lab, answer: failure(lab, "engine", "engine-room") is workloads.Obstacle.NO_WAY_TO_LAYERS,
            message=(
                "Login and manifest get through, and then the task stops: the layers are not in Amazon ECR's own service. "
                "The registry sends the client to a bucket for them. Look at the host in the message, and at which "
                "service it belongs to."
            ),
            code=endpoint_cell('"endpoints"', DOORS.replace(', "s3": "Gateway"', "")),
        ),
        Mistake(
            id="shut",
            when=lambda lab, answer: any(not each.lets_in_443 for each in room(lab).endpoints),
            message=(
                "The endpoints are there, and their security group lets nobody in. An endpoint is a network interface, and the "
                "client knocks at its port 443. Run `reset`, and compare the inbound rules of the groups of this VPC."
            ),
            code=endpoint_cell('"workload"', DOORS),
        ),
        Mistake(
            id="names",
            when=lambda lab, answer: any(not each.is_in_use for each in room(lab).endpoints),
            message=(
                "The endpoints are there, and nobody uses them: the usual names of Amazon ECR still lead to the internet. Run "
                "`reset`, and look at the setting of an endpoint that gives it these names inside the VPC."
            ),
            code=endpoint_cell('"endpoints"', DOORS, "False"),
        ),
        Mistake(
            id="one-of-two",
            when=lambda lab, answer: 0 < len(room(lab).endpoints) < 3,
            message=(
                "One door is missing. Amazon ECR answers at two hosts: one gives out logins, the other manifests. Each of them "
                "has an endpoint of its own. Let the task run again in the engine room, and look at which host it did "
                "not reach."
            ),
            code=endpoint_cell('"endpoints"', DOORS.replace('"ecr.api": "Interface", ', "")),
        ),
    ),
    hints=(
        "A pull talks to three hosts: one for the login, one for the manifest, one for the layers. From this subnet none of "
        "them can be reached, and each needs a door of its own.",
        "Interface endpoints for `ecr.api` and `ecr.dkr`, in a security group that lets the tasks in on port 443; a gateway "
        "endpoint for `s3`, in the route tables. `groups` has the names of the security groups.",
        'Nearly the code: `groups["end…"]`, and `{"ecr.api": "Interface", "ecr.…": "…", "s…": "Gateway"}`.',
    ),
    solution=endpoint_cell('"endpoints"', DOORS),
    explain=(
        "The login goes to `api.ecr`, the manifest to `dkr.ecr`, and the layers come from a bucket in S3. With private DNS "
        "the usual names lead to the interface endpoints. The gateway endpoint is a route, so it needs route tables "
        "and no security group."
    ),
    alternates=(
        endpoint_cell('"endpoints"', DOORS.replace("}", ', "logs": "Interface"}')),
        endpoint_cell('"endpoints"', DOORS).replace(
            "VpcEndpointType=kind, ", '**({"VpcEndpointType": kind} if kind != "Gateway" else {}), '
        ),
        f"""\
{ROOM_START}port = {{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}}
ec2.authorize_security_group_ingress(GroupId=groups["workload"], CidrIp="10.0.0.0/16", **port)
own = {{"Interface": {{"SubnetIds": subnets, "SecurityGroupIds": [groups["workload"]], "PrivateDnsEnabled": True}}}}
for end, kind in {DOORS}.items():
    more = own.get(kind, {{"RouteTableIds": tables}}) | {{"VpcEndpointType": kind}}
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{{lab.region}}.{{end}}", **more)""",
    ),
    elsewhere=ways_out,
)


# --- 7. The pod that waits -----------------------------------------------------------------------------------------


def release():
    """Return the release of gangway/display that belongs on the screens."""
    return build(GANGWAY, "2.3.0")


def prepare_backoff(lab):
    """Push the release under a tag that the manifest does not name, and make a cluster with nodes that may pull."""
    ecr, eks = lab.client("ecr"), lab.client("eks")
    fresh(ecr, GANGWAY, (build(GANGWAY, "2.2.0"), "2.2.0"), (release(), "v2.3.0"))
    harbour(lab)
    if CLUSTER not in eks.list_clusters()["clusters"]:
        where = place(lab, "harbour")
        (vpc, *_), *_ = found_in(lab, "harbour")
        network = deploy.LabNetwork(vpc, tuple(where["subnets"]), where["security_groups"][0], has_nat=True)
        deploy.kubernetes_cluster(lab, network, deploy.node_role(lab), name=CLUSTER)
    return f"The EKS cluster {CLUSTER} has nodes that may pull. The pipeline has pushed the release to {GANGWAY}."


def runs_on(answer):
    """Return the digests that the pods run, as texts; nothing if they do not run."""
    if not isinstance(answer, deploy.Pods) or not answer.is_running:
        return set()
    return {str(each.digest) for each in answer.status.containers}


def check_backoff(lab, answer):
    """The pods run, and they run the release."""
    if not isinstance(answer, deploy.Pods):
        return "`pods` is not what `deploy.pods` returned."
    if not answer.is_running:
        return f"The pods are in the state {answer.status.status}."
    return None if runs_on(answer) == {str(release().digest)} else "The pods run, and not the release 2.3.0."


BACKOFF_START = """\
from ecrlab import deploy, workloads
ecr, name = lab.client("ecr"), "gangway/display"
pods = deploy.pods(lab, workloads.deployment(f"{lab.registry}/{name}:2.3.0"))
lab.clock.advance(minutes=10)
"""


def pushed(tag, source="v2.3.0"):
    """Return the line that gives an image one more tag."""
    return f'registry.push(ecr, registry.pull(ecr, name, "{source}"), name, tag="{tag}")\n'


BACKOFF = Exercise(
    id="04.backoff",
    title="ImagePullBackOff",
    objective="Find the cause of a failing pull on Kubernetes, mend it, and let the kubelet try again",
    minutes=8,
    prepare=prepare_backoff,
    starter=f"{BACKOFF_START}____  # mend the cause\n____  # let the kubelet try again\npods",
    check=check_backoff,
    mistakes=(
        Mistake(
            id="only-waited",
            when=lambda lab, answer: (
                isinstance(answer, deploy.Pods)
                and not answer.is_running
                and digest_at(lab, GANGWAY, "2.3.0") is None
                and answer.status.containers[0].tries > 0
            ),
            message=(
                "The kubelet has tried again and again, and the registry has given the same answer each time: *not found*. "
                "Patience mends what goes away by itself. Look at the tag in the message, letter by letter, and at "
                "the tags that the repository has."
            ),
            code=f"{BACKOFF_START}lab.clock.advance(hours=1)",
        ),
        Mistake(
            id="not-tried",
            when=lambda lab, answer: (
                isinstance(answer, deploy.Pods)
                and not answer.is_running
                and digest_at(lab, GANGWAY, "2.3.0") == str(release().digest)
            ),
            message=(
                "The image is there now, and the kubelet does not know: it has failed often enough to wait five minutes between "
                "two tries, and nobody tells it of a push. Look at *next try* on the card. What lets time pass here?"
            ),
            code=f"{BACKOFF_START}{pushed('2.3.0')}pods",
        ),
        Mistake(
            id="old-release",
            when=lambda lab, answer: runs_on(answer) == {str(build(GANGWAY, "2.2.0").digest)},
            message=(
                "The pods run, and what they show is release 2.2.0, with yesterday's gates. Whatever carries the tag that the "
                "manifest names is pulled, right or wrong. Run `reset`, and look at what the pipeline pushed last, and "
                "under which tag."
            ),
            code=f"{BACKOFF_START}{pushed('2.3.0', '2.2.0')}lab.clock.advance(minutes=5)",
        ),
    ),
    hints=(
        "The state says that the kubelet waits, not why. Why stands in the event before it. Compare what the manifest asks "
        "for with what the repository has: `show.images` lists the tags.",
        "Give the release the tag that the manifest names, with `registry.push`, or apply a manifest that names the tag that "
        "is there. Then `lab.clock.advance` or `pods.restart()`.",
        'Nearly the code: `registry.push(ecr, registry.pull(ecr, name, "v…"), name, tag="…")`, then '
        "`lab.clock.advance(minutes=…)`, five at most.",
    ),
    solution=f"{BACKOFF_START}{pushed('2.3.0')}lab.clock.advance(minutes=5)\npods",
    explain=(
        "After each failure the kubelet waits longer, up to five minutes, and then it tries again without end. So a cause that "
        "is mended outside the cluster heals by itself within five minutes. A new version of the manifest, or new pods, "
        "are tried at once."
    ),
    alternates=(
        f"{BACKOFF_START}{pushed('2.3.0')}pods.restart()",
        f'{BACKOFF_START}pods.apply(workloads.deployment(f"{{lab.registry}}/{{name}}:v2.3.0", name="display"))',
        f"""\
{BACKOFF_START}digest = registry.pull(ecr, name, "v2.3.0").digest
pods = deploy.pods(lab, workloads.deployment(f"{{lab.registry}}/{{name}}@{{digest}}"))""",
    ),
    elsewhere=lambda lab: lab.clock.now().isoformat(),
)


# --- 8. One release for harbour and ships --------------------------------------------------------------------------

FLEET = {"logbook-office": "amd64", "logbook-ship": "arm64"}
"""Family -> the processor of the machines that run it."""


def prepare_fleet(lab):
    """Push the two tested images, and make a role that may nothing."""
    harbour(lab)
    ecr = lab.client("ecr")
    fresh(ecr, LOGBOOK, *((build(LOGBOOK, "4.0.0", each), f"4.0.0-{each}") for each in FLEET.values()))
    fresh(ecr, CREW, (tested(), "3.2.0"))
    fresh_role(lab, "logbook-exec")
    for family in FLEET:
        without_tasks(lab, family)
    return f"{LOGBOOK} holds 4.0.0-amd64 and 4.0.0-arm64. The role logbook-exec may do nothing yet."


def offered(lab):
    """Return what the tag 4.0.0 offers, architecture -> digest; ``None`` where it is no index, or not there."""
    digest = digest_at(lab, LOGBOOK, "4.0.0")
    found = registry.pull(lab.client("ecr"), LOGBOOK, digest) if digest else None
    if not isinstance(found, oci.Index):
        return None
    return {each.architecture: str(found.pick(each).digest) for each in found.platforms}


def is_built_for(lab, family):
    """Tell whether the newest revision of a family asks for the processor of its machines."""
    definition = newest(lab, family)
    platform = definition.platform if definition else None
    return (platform.architecture if platform else "amd64") == FLEET[family]


def named_digests(lab):
    """Return the digests that the two families name, as texts; ``None`` stands for none."""
    return {digest_in(lab, family) for family in FLEET}


def too_much(lab):
    """Return what the role of the logbook may do beyond a pull of its own image."""
    role = role_arn(lab, "logbook-exec")
    return may(lab, role, CHANGES, LOGBOOK) | may(lab, role, (*PULL, *CHANGES), CREW)


def check_fleet(lab, answer):
    """One index for both processors; two definitions that name it by digest; a role that pulls this and no more."""
    wanted = {each: str(build(LOGBOOK, "4.0.0", each).digest) for each in FLEET.values()}
    if offered(lab) != wanted:
        return "The tag 4.0.0 does not offer the two tested images, one for each processor."
    for family, processor in FLEET.items():
        if newest(lab, family) is None:
            return f"There is no active task definition `{family}`."
        if not is_built_for(lab, family):
            return f"The newest revision of `{family}` does not ask for {processor}."
        if digest_in(lab, family) != digest_at(lab, LOGBOOK, "4.0.0"):
            return f"The newest revision of `{family}` does not name the release by its digest."
        if puller_of(lab, family) != role_arn(lab, "logbook-exec"):
            return f"The newest revision of `{family}` does not let `logbook-exec` pull."
        if missing := why_not(lab, family):
            return missing
    if extra := too_much(lab):
        return f"`logbook-exec` may do more than pull from {LOGBOOK}: `ecr:{min(extra)}` is allowed."
    return None


def fleet_cell(release="oci.index(*images)", pinned="@{release.digest}", where="own"):
    """Return a cell of task 8: what the tag means, how the definitions name it, and where the role pulls, as code."""
    return f"""\
from ecrlab import deploy, workloads
ecr, name = lab.client("ecr"), "log/book"
images = [registry.pull(ecr, name, f"4.0.0-{{each}}") for each in ("amd64", "arm64")]
release = {release}
registry.push(ecr, release, name, tag="4.0.0")
own = f"arn:aws:ecr:{{lab.region}}:{{lab.account_id}}:repository/{{name}}"
pull = {{"Effect": "Allow", "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], "Resource": {where}}}
login = {{"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}}
policy = {{"Version": "2012-10-17", "Statement": [login, pull]}}
more = {{"execution_role_arn": deploy.role(lab, "logbook-exec", policy, trusts="ecs-tasks.amazonaws.com")}}
for family, image in zip(("logbook-office", "logbook-ship"), images):
    deploy.register(lab, workloads.task_definition(f"{{lab.registry}}/{{name}}{pinned}", family=family, platform=image.platform, **more))"""


FLEET_TASK = Exercise(
    id="04.fleet",
    title="One release for harbour and ships",
    objective="Publish one release for two processors, and deploy it by digest with least privilege",
    minutes=15,
    prepare=prepare_fleet,
    starter="from ecrlab import deploy, workloads\n____",
    check=check_fleet,
    mistakes=(
        Mistake(
            id="one-processor",
            when=lambda lab, answer: digest_at(lab, LOGBOOK, "4.0.0") is not None and offered(lab) is None,
            message=(
                "The tag 4.0.0 means one single image. The harbour may start it, and on board it ends with *exec format error*: "
                "a runtime that finds no index takes what is there, whatever it was built for. What is it that lists an "
                "image for each processor?"
            ),
            code=fleet_cell("images[0]"),
        ),
        Mistake(
            id="each-its-own",
            when=lambda lab, answer: (
                None not in named_digests(lab) and offered(lab) is not None and len(named_digests(lab)) == 2
            ),
            message=(
                "Both start, and each names a digest of its own. So there are two releases again, that somebody has to keep "
                "in step. The index has a digest as well, and with it every machine finds its image. Look at what "
                "the tag 4.0.0 means."
            ),
            code=fleet_cell(pinned="@{image.digest}"),
        ),
        Mistake(
            id="tag",
            when=lambda lab, answer: (
                offered(lab) is not None
                and any(image_of(lab, family) is not None and digest_in(lab, family) is None for family in FLEET)
            ),
            message=(
                "The release is right, and the definitions name it by a tag. A push to this tag tonight would change what the "
                "ships run after the next restart, far from any harbour. Look at task 1."
            ),
            code=fleet_cell(pinned=":4.0.0"),
        ),
        Mistake(
            id="every-repository",
            when=lambda lab, answer: bool(too_much(lab)),
            message=(
                "Both start, and the role that pulls the logbook may do more than that: other images of the company, or even "
                "changes. Compare the resource of its pull with the order, and remember which action alone "
                "needs a star."
            ),
            code=fleet_cell(where='"*"'),
        ),
    ),
    hints=(
        "Work from the image outwards: first one name for both processors, then a role that may pull it, then two task "
        "definitions that say the same digest and different processors.",
        "`oci.index(…)` of the two images; `deploy.role` with a policy of two statements; `workloads.task_definition` with "
        "`platform=image.platform` and `execution_role_arn`, each handed to `deploy.register`.",
        "Nearly the code: `release = oci.index(amd, arm)`, pushed as `4.0.0`; then for each family "
        '`task_definition(f"{lab.registry}/log/book@{release.digest}", family=…, platform=…, execution_role_arn=…)`.',
    ),
    solution=fleet_cell(),
    explain=(
        "An index names an image for each platform by digest, so its own digest pins them all. Each machine asks for the same "
        "reference and takes what it can run. The role may log in, and pull from one repository: what the pull needs, and "
        "nothing that changes anything."
    ),
    alternates=(
        fleet_cell(pinned=":4.0.0@{release.digest}"),
        """\
from ecrlab import access, deploy, workloads
ecr = lab.client("ecr")
release = oci.index(*(registry.pull(ecr, "log/book", f"4.0.0-{each}") for each in ("arm64", "amd64")))
registry.push(ecr, release, "log/book", tag="4.0.0")
own = f"arn:aws:ecr:{lab.region}:{lab.account_id}:repository/log/book"
deny = {"Effect": "Deny", "Action": ["ecr:Batch*", "ecr:GetDown*"], "NotResource": own}
policies = "AmazonEC2ContainerRegistryPullOnly", {"Version": "2012-10-17", "Statement": [deny]}
more = {"execution_role_arn": deploy.role(lab, "logbook-exec", *policies, trusts="ecs-tasks.amazonaws.com")}
image = f"{lab.registry}/log/book@{release.digest}"
for family, cpu in (("logbook-ship", "arm64"), ("logbook-office", "amd64")):
    deploy.register(lab, workloads.task_definition(image, family=family, platform=oci.Platform("linux", cpu), **more))""",
    ),
    elsewhere=lambda lab: [role_policies(lab, "logbook-exec"), deployed(*FLEET)(lab)],
)

EXERCISES = (DIGEST, MOVED, ROLE, ACCOUNT, ARCHIVED, ENDPOINTS, BACKOFF, FLEET_TASK)
