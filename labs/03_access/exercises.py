"""Lab 03: a ferry company decides who may pull and who may push.

Eight tasks, from a worked example to a blank page. Each check reads the policies back through the APIs of Amazon ECR
and AWS IAM and asks the access engine about requests that must be allowed and others that must not. No text is
compared with a text, so every policy that behaves counts.
"""

import json
from contextlib import contextmanager, suppress

from ecrlab import access, oci, registry
from ecrlab.course import Exercise, Mistake

NAME = "payments/api"
OTHERS = ("payments/batch", "fares/api")
LEDGER = "ledger/api"
THERE = "222233334444"
"""The payments team's own account; the registry is in the lab's."""
STRANGER = "arn:aws:iam::999900001111:role/stranger"
"""A role of somebody else's account, where it may do everything."""
ENDPOINT = "vpce-0a1b2c3d4e5f60718"

LOGIN = ("GetAuthorizationToken",)
PULL = ("BatchGetImage", "GetDownloadUrlForLayer")
PUSH = ("BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage")
ADMIN = ("BatchDeleteImage", "SetRepositoryPolicy", "PutLifecyclePolicy")
POLICY = ("GetRepositoryPolicy", "SetRepositoryPolicy", "DeleteRepositoryPolicy")
CHANGES = (*PUSH[1:], *ADMIN, "DeleteRepository")
"""What changes a repository or what is in it."""


# --- Documents -----------------------------------------------------------------------------------------------------


def document(*statements):
    """Return a policy of these statements as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allow(actions, resource="*", **more):
    """Return a statement that allows actions of ECR."""
    return {"Effect": "Allow", "Action": [f"ecr:{action}" for action in actions], "Resource": resource} | more


def to_principal(who, actions):
    """Return a repository policy's statement that allows a principal some actions."""
    return {"Effect": "Allow", "Principal": who, "Action": [f"ecr:{action}" for action in actions]}


EVERYTHING = document({"Effect": "Allow", "Action": "*", "Resource": "*"})


# --- What the account says -----------------------------------------------------------------------------------------


def role_arn(lab, name):
    """Return the ARN of a role of the lab's account."""
    return f"arn:aws:iam::{lab.account_id}:role/{name}"


def repository_arn(lab, name=NAME):
    """Return the ARN of a repository of the lab's registry."""
    return f"arn:aws:ecr:{lab.region}:{lab.account_id}:repository/{lab.repository_name(name)}"


RUNNER = f"arn:aws:iam::{THERE}:role/payments-run"


@contextmanager
def iam_of(lab, account):
    """Hand over a client for IAM of an account, as its administrator."""
    if account == lab.account_id:
        yield lab.client("iam")
        return
    with lab.act_as(f"arn:aws:iam::{account}:root") as administrator:
        yield administrator.client("iam")


def identity_documents(lab, role):
    """Return the policies of a role, inline and attached; none if there is no such role."""
    account, name = role.split(":")[4], role.rpartition("/")[2]
    with iam_of(lab, account) as iam:
        try:
            inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
        except iam.exceptions.NoSuchEntityException:
            return []
        found = [iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in inline]
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        return found + [managed_document(iam, each["PolicyArn"]) for each in attached]


def managed_document(iam, arn):
    """Return the version of a managed policy that counts."""
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def boundary_document(lab, role):
    """Return the permissions boundary of a role, or None."""
    account, name = role.split(":")[4], role.rpartition("/")[2]
    with iam_of(lab, account) as iam:
        try:
            boundary = iam.get_role(RoleName=name)["Role"].get("PermissionsBoundary")
        except iam.exceptions.NoSuchEntityException:
            return None
        return managed_document(iam, boundary["PermissionsBoundaryArn"]) if boundary else None


def registry_document(lab):
    """Return the policy of the whole registry, or None."""
    ecr = lab.client("ecr")
    try:
        return ecr.get_registry_policy()["policyText"]
    except ecr.exceptions.RegistryPolicyNotFoundException:
        return None


def repository_document(lab, name=NAME):
    """Return the policy of a repository, or None."""
    ecr = lab.client("ecr")
    try:
        return ecr.get_repository_policy(repositoryName=lab.repository_name(name))["policyText"]
    except (ecr.exceptions.RepositoryPolicyNotFoundException, ecr.exceptions.RepositoryNotFoundException):
        return None


def policies(lab, who, name):
    """Return all policies that bear on a role's request to a repository."""
    documents = [EVERYTHING] if who == STRANGER else identity_documents(lab, who)
    kind = access.PolicyKind
    return access.Policies(
        identity=tuple(access.parse(each, kind.IDENTITY) for each in documents),
        repository=parsed(repository_document(lab, name), kind.REPOSITORY),
        registry=parsed(registry_document(lab), kind.REGISTRY),
        boundary=None if who == STRANGER else parsed(boundary_document(lab, who), kind.BOUNDARY),
    )


def parsed(found, kind):
    """Return a policy that may be there as a value."""
    return access.parse(found, kind) if found else None


def allowed(lab, who, actions, name=NAME, **context):
    """Return those of the actions that a role may do in a repository; ``context`` has e.g. an endpoint."""
    arn, found = repository_arn(lab, name), policies(lab, who, name)
    seen = {"aws:SourceIp": "203.0.113.7"} | {f"aws:{key}": value for key, value in context.items()}
    requests = {
        action: access.Request(
            access.Principal.of(who), f"ecr:{action}", "*" if action in LOGIN else arn, lab.account_id, seen
        )
        for action in actions
    }
    return {action for action, request in requests.items() if access.decide(request, found).allowed}


def may_all(lab, who, actions, name=NAME, **context):
    """Tell whether a role may do all of the actions."""
    return allowed(lab, who, actions, name, **context) == set(actions)


def may_any(lab, who, actions, name=NAME, **context):
    """Tell whether a role may do any of the actions."""
    return bool(allowed(lab, who, actions, name, **context))


def may_log_in(lab, who):
    """Tell whether a role of the lab's account may get a token."""
    return may_all(lab, who, LOGIN)


def identities(*names, there=()):
    """Return a function that reads what a learner may change beside the repositories: policies of roles, the registry's."""

    def read(lab):
        roles = [role_arn(lab, name) for name in names] + [f"arn:aws:iam::{THERE}:role/{name}" for name in there]
        found = {role: [identity_documents(lab, role), boundary_document(lab, role)] for role in roles}
        return found | {"registry": registry_document(lab)}

    return read


# --- Putting the account into the state in which a task starts -----------------------------------------------------


def fresh_repository(lab, name=NAME, policy=None):
    """Make a repository anew with one image in it, and a policy if one is given."""
    ecr, full = lab.client("ecr"), lab.repository_name(name)
    with suppress(ecr.exceptions.RepositoryNotFoundException):
        ecr.delete_repository(repositoryName=full, force=True)
    with suppress(ecr.exceptions.RegistryPolicyNotFoundException):
        ecr.delete_registry_policy()
    ecr.create_repository(repositoryName=full)
    registry.push(ecr, oci.image(oci.layer({"app/server.py": f"print('{name}')\n"})), full, tag="1.4.2")
    if policy:
        ecr.set_repository_policy(repositoryName=full, policyText=policy, force=True)


def fresh_role(lab, name, *statements, account=None):
    """Make a role anew, with one policy of these statements, or with none."""
    account = account or lab.account_id
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    with iam_of(lab, account) as iam:
        with suppress(iam.exceptions.NoSuchEntityException):
            delete_role(iam, name)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=document(*statements))


def delete_role(iam, name):
    """Delete a role with its policies."""
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=name)


# --- 1. A pipeline that pushes here, and only here -----------------------------------------------------------------


def prepare_ci(lab):
    """Leave a pipeline's role without any right."""
    fresh_repository(lab)
    fresh_role(lab, "payments-ci")
    return f"{NAME} is there, and the role payments-ci may do nothing yet."


def check_ci(lab, answer):
    """The role logs in and pushes to payments/api, and does nothing else to any repository."""
    ci = role_arn(lab, "payments-ci")
    if not may_log_in(lab, ci):
        return "payments-ci cannot log in: `ecr:GetAuthorizationToken` is refused."
    if missing := set(PUSH) - allowed(lab, ci, PUSH):
        return f"payments-ci cannot push to {NAME}: `ecr:{min(missing)}` is refused."
    if any(may_any(lab, ci, CHANGES, other) for other in OTHERS):
        return f"payments-ci may change repositories other than {NAME}."
    if extra := allowed(lab, ci, (*ADMIN, "DeleteRepository")):
        return f"payments-ci may do more than push: `ecr:{min(extra)}` is allowed."
    return None


CI_START = """\
import json
payments = f"arn:aws:ecr:{lab.region}:{lab.account_id}:repository/payments/api"
push = ["ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart"]
push += ["ecr:CompleteLayerUpload", "ecr:PutImage"]
"""
CI_END = """
policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
lab.client("iam").put_role_policy(RoleName="payments-ci", PolicyName="push", PolicyDocument=policy)"""


def ci_cell(push, login):
    """Return a cell of task 1 with these two resources."""
    return f"""{CI_START}statements = [
    {{"Effect": "Allow", "Action": push, "Resource": {push}}},
    {{"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": {login}}},
]{CI_END}"""


CI = Exercise(
    id="03.ci",
    title="A pipeline that pushes here, and only here",
    objective="Limit a role's push to one repository and still let it log in",
    minutes=6,
    prepare=prepare_ci,
    starter=ci_cell("____", "____"),
    check=check_ci,
    mistakes=(
        Mistake(
            id="login-scoped",
            when=lambda lab, answer: (
                may_all(lab, role_arn(lab, "payments-ci"), PUSH) and not may_log_in(lab, role_arn(lab, "payments-ci"))
            ),
            message=(
                "The push itself is allowed, but the login before it is refused. You tied `GetAuthorizationToken` to a "
                "repository, and a token is for no repository: the statement never matches. Look at what Tomas "
                "wrote as the resource of that action."
            ),
            code=ci_cell("payments", "payments"),
        ),
        Mistake(
            id="everywhere",
            when=lambda lab, answer: may_any(lab, role_arn(lab, "payments-ci"), PUSH, "fares/api"),
            message=(
                "The pipeline logs in and pushes, and it may push to every repository of the company as well: `fares/api` "
                "would take its images. Two sets of actions share a policy here, and only one of them needs the widest "
                "resource. Look at the first statement."
            ),
            code=ci_cell('"*"', '"*"'),
        ),
        Mistake(
            id="namespace",
            when=lambda lab, answer: may_any(lab, role_arn(lab, "payments-ci"), PUSH, "payments/batch"),
            message=(
                "The pipeline may push to `payments/api`, and to `payments/batch` as well: your resource ends in a "
                "wildcard, which matches every name that begins so. The ticket names one repository. Look at the "
                "end of the resource."
            ),
            code=ci_cell('payments.replace("api", "*")', '"*"'),
        ),
    ),
    hints=(
        "A statement says what may be done and to what. Four of the five push actions change a repository, and the fifth "
        "asks it what it has. The login is done before anybody says which repository is meant.",
        "The first blank is the ARN of one repository: the cell has it already. The second belongs to "
        "`ecr:GetAuthorizationToken`, one of the actions that have no resource type.",
        'Nearly the code: `"Resource": payments` for the push. For the login, the text that matches any resource, in '
        "quotes, one character long.",
    ),
    solution=ci_cell("payments", '"*"'),
    explain=(
        "A push is five actions on one repository, so they can be limited to its ARN. A token opens the whole registry "
        "for whatever else is allowed; it has no repository, and only `*` matches it."
    ),
    alternates=(
        f"""{CI_START}login = {{"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}}
here = {{"Effect": "Allow", "Principal": {{"AWS": f"arn:aws:iam::{{lab.account_id}}:role/payments-ci"}}, "Action": push}}
policy = json.dumps({{"Version": "2012-10-17", "Statement": [here]}})
lab.client("ecr").set_repository_policy(repositoryName="payments/api", policyText=policy)
policy = json.dumps({{"Version": "2012-10-17", "Statement": [login]}})
lab.client("iam").put_role_policy(RoleName="payments-ci", PolicyName="login", PolicyDocument=policy)""",
    ),
    elsewhere=identities("payments-ci"),
)


# --- 2. Half of a pull ---------------------------------------------------------------------------------------------


def prepare_half(lab):
    """Leave a role that logs in and gets manifests."""
    fresh_repository(lab)
    fresh_role(lab, "payments-deploy", allow(LOGIN), allow(PULL[:1], repository_arn(lab)))
    return "payments-deploy may log in and get a manifest. Its policy has the same name as the role."


def check_half(lab, answer):
    """The role logs in and pulls from payments/api, and changes nothing."""
    deploy = role_arn(lab, "payments-deploy")
    if not may_log_in(lab, deploy):
        return "payments-deploy cannot log in any more."
    if missing := set(PULL) - allowed(lab, deploy, PULL):
        return f"payments-deploy cannot pull: `ecr:{min(missing)}` is refused."
    if extra := allowed(lab, deploy, CHANGES):
        return f"payments-deploy may change what it runs: `ecr:{min(extra)}` is allowed."
    if any(may_any(lab, deploy, PULL, other) for other in OTHERS):
        return f"payments-deploy may pull from repositories other than {NAME}."
    return None


def half_cell(actions, resource="payments"):
    """Return a cell of task 2 with these actions."""
    return f"""\
import json
payments = f"arn:aws:ecr:{{lab.region}}:{{lab.account_id}}:repository/payments/api"
actions = {actions}
statements = [
    {{"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}},
    {{"Effect": "Allow", "Action": actions, "Resource": {resource}}},
]
policy = json.dumps({{"Version": "2012-10-17", "Statement": statements}})
lab.client("iam").put_role_policy(RoleName="payments-deploy", PolicyName="payments-deploy", PolicyDocument=policy)"""


HALF = Exercise(
    id="03.half",
    title="Half of a pull",
    objective="Read a refusal and complete the actions of a pull",
    minutes=5,
    prepare=prepare_half,
    starter=half_cell("____"),
    check=check_half,
    mistakes=(
        Mistake(
            id="other-half",
            when=lambda lab, answer: allowed(lab, role_arn(lab, "payments-deploy"), PULL) == set(PULL[1:]),
            message=(
                "Layers could be downloaded now, but the manifest is refused: the policy that you wrote took the place "
                "of the old one, which allowed it. A pull asks for the manifest first. Count the requests "
                "of a pull, and compare them with your list."
            ),
            code=half_cell('["ecr:GetDownloadUrlForLayer"]'),
        ),
        Mistake(
            id="everything",
            when=lambda lab, answer: may_any(lab, role_arn(lab, "payments-deploy"), CHANGES),
            message=(
                "The pull works, and so does much more: this role may now overwrite or delete the images that it runs. "
                "Your pattern matches every action that begins so. `lab.why()` named one action that was missing; "
                "look at how many you allow."
            ),
            code=half_cell('["ecr:*"]'),
        ),
        Mistake(
            id="all-repositories",
            when=lambda lab, answer: may_any(lab, role_arn(lab, "payments-deploy"), PULL, "fares/api"),
            message=(
                "The pull works, and the role may pull every image of the company. The actions are right. The resource "
                "of the second statement is as wide as that of the login, which needs it; a pull does not. "
                "Look at that resource."
            ),
            code=half_cell('["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]', '"*"'),
        ),
    ),
    hints=(
        "An image is a manifest and layers. The role gets the first and is refused the second. What you write "
        "replaces the policy of that name, so both must be in it.",
        "A pull is `BatchGetImage` for the manifest and one more action for each layer. `lab.why()` above names the "
        "one that was refused. Both take the repository as their resource.",
        'Nearly the code: a list of two texts, `["ecr:BatchGetImage", "ecr:Get…ForLayer"]`. Leave everything else '
        "as it stands.",
    ),
    solution=half_cell('["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]'),
    explain=(
        "A client asks for the manifest, reads in it which layers there are, and then asks for an address for each layer "
        "that it lacks. Two actions and the login are all it takes."
    ),
    alternates=(
        half_cell('["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]'),
        """\
import json
deploy = f"arn:aws:iam::{lab.account_id}:role/payments-deploy"
layers = {"Effect": "Allow", "Principal": {"AWS": deploy}, "Action": "ecr:GetDownloadUrlForLayer"}
policy = json.dumps({"Version": "2012-10-17", "Statement": [layers]})
lab.client("ecr").set_repository_policy(repositoryName="payments/api", policyText=policy)""",
    ),
    elsewhere=identities("payments-deploy"),
)


# --- 3. The account as a principal ---------------------------------------------------------------------------------

STAFF = ("deploy", "nightly", "operator", "auditor", "trainee")


def prepare_root(lab):
    """Leave five roles of one account, and a policy that names the account and one of them."""
    whole = repository_arn(lab)
    fresh_role(lab, "deploy", allow(LOGIN), allow(PULL, whole))
    fresh_role(lab, "nightly", allow(LOGIN))
    fresh_role(lab, "operator", allow(["*"]))
    fresh_role(lab, "auditor")
    fresh_role(lab, "trainee", allow(["*"]), allow(PULL, whole, Effect="Deny"))
    account = to_principal({"AWS": f"arn:aws:iam::{lab.account_id}:root"}, PULL)
    auditor = to_principal({"AWS": role_arn(lab, "auditor")}, PULL)
    fresh_repository(lab, policy=document(account, auditor))
    return f"The policy of {NAME} names this account and the role auditor. Five roles wait for your verdict."


def named(answer):
    """Return the roles of an answer: a list of names or ARNs, or one text with commas."""
    parts = answer.split(",") if isinstance(answer, str) else answer
    try:
        return {str(part).strip().rpartition("/")[2] for part in parts} - {""}
    except TypeError:
        return set()


def staff_who_may(lab):
    """Return the names of the roles that may get a manifest."""
    return {name for name in STAFF if may_all(lab, role_arn(lab, name), PULL)}


def check_root(lab, answer):
    """The answer is the set of roles that the two kinds of policies together let pull."""
    if named(answer) == staff_who_may(lab):
        return None
    return "That is not who may. Take the roles one by one: who allows it, and does anybody deny it?"


ROOT = Exercise(
    id="03.root",
    title="The account as a principal",
    objective="Tell whom a policy lets in from whom it merely lets others decide about",
    minutes=5,
    prepare=prepare_root,
    starter="""\
may_pull = ____  # a list of names, e.g. ["nightly", "trainee"]""",
    check=check_root,
    mistakes=(
        Mistake(
            id="everyone",
            when=lambda lab, answer: "nightly" in named(answer),
            message=(
                "You let `nightly` pull, because the repository policy names its account. A principal that ends in "
                "`:root` hands the decision to that account's identity policies, and nothing in `nightly`'s own "
                "allows a pull. Read its row in the table once more."
            ),
            code='may_pull = ["deploy", "nightly", "operator", "auditor"]',
        ),
        Mistake(
            id="deny",
            when=lambda lab, answer: "trainee" in named(answer),
            message=(
                "You let `trainee` pull. Two policies allow it, and one statement denies it. Allows are not counted: a "
                "single deny that applies outweighs all of them, wherever they stand. Read the row of "
                "`trainee` again."
            ),
            code='may_pull = ["deploy", "operator", "auditor", "trainee"]',
        ),
        Mistake(
            id="identity-only",
            when=lambda lab, answer: named(answer) == {"deploy", "operator"},
            message=(
                "You left out `auditor`, who has no identity policy. In the same account one allow is enough, and it may "
                "stand on either side. Look at the second statement of the repository policy: whom does it name, "
                "and how exactly?"
            ),
            code='may_pull = ["deploy", "operator"]',
        ),
        Mistake(
            id="needs-both",
            when=lambda lab, answer: named(answer) == {"deploy"},
            message=(
                "You kept only a role that has both the right in so many words and the account behind it. `operator` and "
                "`auditor` get theirs as well: a wildcard is an allow like any other, and within one account one "
                "side is enough."
            ),
            code='may_pull = ["deploy"]',
        ),
    ),
    hints=(
        "Two sides speak: the role's own policies and the repository's. Within one account one allow is enough. First "
        "look for a deny, then ask each side.",
        "`arn:aws:iam::…:root` as a principal means the account and adds nothing for a role whose own policies are "
        "silent. The ARN of a role as a principal means that role.",
        "Go through the table: `deploy` and `operator` are allowed by their own policies, `nightly` by nobody. One of "
        "the last two is named in the repository policy, the other is denied.",
    ),
    solution='may_pull = ["deploy", "operator", "auditor"]',
    explain=(
        "The principal `:root` delegates: it lets the account's identity policies decide. The principal `role/auditor` "
        "lets this role in, whatever its own policies leave out. A deny ends every discussion."
    ),
    alternates=(
        'may_pull = {"auditor", "operator", "deploy"}',
        'may_pull = [f"arn:aws:iam::{lab.account_id}:role/{name}" for name in ("deploy", "operator", "auditor")]',
    ),
    elsewhere=identities(*STAFF),
)


# --- 4. Two accounts, two sides ------------------------------------------------------------------------------------


def prepare_account(lab):
    """Leave two accounts that allow each other nothing."""
    fresh_repository(lab)
    fresh_role(lab, "payments-run", account=THERE)
    return f"{NAME} has no policy. In account {THERE}, the role payments-run may do nothing yet."


def repository_lets(lab, who):
    """Tell whether the repository's side lets a role of another account pull, if its own account allows everything."""
    found = access.Policies(
        identity=(access.parse(EVERYTHING, access.PolicyKind.IDENTITY),),
        repository=parsed(repository_document(lab), access.PolicyKind.REPOSITORY),
    )
    arn = repository_arn(lab)
    asked = [access.Request(access.Principal.of(who), f"ecr:{each}", arn, lab.account_id) for each in PULL]
    return all(access.decide(each, found).allowed for each in asked)


def identity_lets(lab, arn):
    """Tell whether the policies of payments-run let it pull from a repository, if the repository allows everything."""
    documents = identity_documents(lab, RUNNER)
    found = access.Policies(
        identity=tuple(access.parse(each, access.PolicyKind.IDENTITY) for each in documents),
        repository=access.parse(document(to_principal("*", ["*"])), access.PolicyKind.REPOSITORY),
    )
    asked = [access.Request(access.Principal.of(RUNNER), f"ecr:{each}", arn, arn.split(":")[4]) for each in PULL]
    return all(access.decide(each, found).allowed for each in asked)


def runner_missing(lab):
    """Return what payments-run lacks for a pull, as a sentence, or None."""
    login = access.Request(access.Principal.of(RUNNER), "ecr:GetAuthorizationToken", "*", THERE)
    found = policies(lab, RUNNER, NAME)
    # A token comes from the caller's own account: what our repository and registry say has no part in it.
    if not access.decide(login, access.Policies(identity=found.identity, boundary=found.boundary)).allowed:
        return "payments-run cannot log in: its own account must allow `ecr:GetAuthorizationToken`."
    if missing := set(PULL) - allowed(lab, RUNNER, PULL):
        return f"payments-run cannot pull: `ecr:{min(missing)}` is refused."
    return None


def check_account(lab, answer):
    """The role of the other account pulls, and nobody else's account does."""
    if missing := runner_missing(lab):
        return missing
    if may_any(lab, STRANGER, (*PULL, *CHANGES)):
        return f"{NAME} is open to accounts that have nothing to do with it."
    if extra := allowed(lab, RUNNER, CHANGES):
        return f"payments-run may do more than pull: `ecr:{min(extra)}` is allowed."
    return None


ACCOUNT_START = """\
import json
pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
runner = "arn:aws:iam::222233334444:role/payments-run"
"""


def here_part(principal):
    """Return the lines of task 4 that set the policy of the repository."""
    return f"""\
here = {{"Effect": "Allow", "Principal": {principal}, "Action": pull}}
policy = json.dumps({{"Version": "2012-10-17", "Statement": [here]}})
lab.client("ecr").set_repository_policy(repositoryName="payments/api", policyText=policy)
"""


def there_part(resource):
    """Return the lines of task 4 that give the role its policy."""
    return f"""\
payments = {resource}
images = {{"Effect": "Allow", "Action": pull, "Resource": payments}}
login = {{"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}}
there = json.dumps({{"Version": "2012-10-17", "Statement": [login, images]}})
with lab.act_as("arn:aws:iam::222233334444:root") as other:
    other.client("iam").put_role_policy(RoleName="payments-run", PolicyName="pull", PolicyDocument=there)"""


OURS = 'f"arn:aws:ecr:{lab.region}:{lab.account_id}:repository/payments/api"'

ACCOUNT = Exercise(
    id="03.account",
    title="Two accounts, two sides",
    objective="Let a role of another account pull, with a policy on either side",
    minutes=8,
    prepare=prepare_account,
    starter=ACCOUNT_START + here_part('{"AWS": ____}') + there_part("____"),
    check=check_account,
    mistakes=(
        Mistake(
            id="only-here",
            when=lambda lab, answer: repository_lets(lab, RUNNER) and not identity_documents(lab, RUNNER),
            message=(
                "The repository policy opens the door from our side, and the role still may do nothing: in its own account "
                "no policy allows it anything. Between accounts both sides must agree. Look for the account in "
                "which `payments-run` lives, and who administers it."
            ),
            code=ACCOUNT_START + here_part('{"AWS": runner}').rstrip(),
        ),
        Mistake(
            id="only-there",
            when=lambda lab, answer: identity_lets(lab, repository_arn(lab)) and not repository_document(lab),
            message=(
                "Account 222233334444 allows its role to pull, and our repository says nothing. No other account can grant "
                "itself access to our images. The side that is missing is the one that owns them: look at the "
                "policy of `payments/api`."
            ),
            code=ACCOUNT_START + there_part(OURS),
        ),
        Mistake(
            id="everyone",
            when=lambda lab, answer: may_any(lab, STRANGER, PULL),
            message=(
                "`payments-run` may pull, and so may every account of AWS whose own policies allow it: the principal is "
                "anybody. What keeps strangers out is our side alone. Look at the principal of your repository "
                "policy: whom does the ticket name?"
            ),
            code=ACCOUNT_START + here_part('"*"') + there_part(OURS),
        ),
        Mistake(
            id="their-registry",
            when=lambda lab, answer: identity_lets(lab, repository_arn(lab).replace(lab.account_id, THERE)),
            message=(
                "Both sides have a policy. The role's allows a pull from `payments/api` in its own account's registry, "
                "where there is no such repository. An ARN holds the account that owns the repository, whoever "
                "asks. Look at the account in your resource."
            ),
            code=ACCOUNT_START
            + here_part('{"AWS": runner}')
            + there_part('f"arn:aws:ecr:{lab.region}:222233334444:repository/payments/api"'),
        ),
    ),
    hints=(
        "Two accounts, two policies. Ours says who may come in: its principal is in the other account. Theirs says where "
        "the role may go: its resource is in ours.",
        "The first blank is the principal, an ARN of IAM in account 222233334444. The second is the resource, an ARN of "
        "ECR: region, the account that owns the registry, `repository/` and the name.",
        'Nearly the code: `{"AWS": runner}` here. There, '
        '`f"arn:aws:ecr:{lab.region}:{…}:repository/payments/api"` with the id of the account whose repository it is.',
    ),
    solution=ACCOUNT_START + here_part('{"AWS": runner}') + there_part(OURS),
    explain=(
        "Between accounts an allow on one side is half a handshake. The owner names who may come, and the visitor's "
        "account allows its role to go. The login is asked of the visitor's account only."
    ),
    alternates=(
        ACCOUNT_START + here_part('{"AWS": "arn:aws:iam::222233334444:root"}') + there_part(OURS),
        ACCOUNT_START + here_part('{"AWS": "222233334444"}') + there_part('"*"'),
    ),
    elsewhere=identities(there=("payments-run",)),
)


# --- 5. The payments team cannot pull ------------------------------------------------------------------------------


def restored(lab):
    """Return the policy that the restore script left behind."""
    return document(to_principal({"AWS": role_arn(lab, "payments-ci")}, PUSH) | {"Sid": "Pipeline"})


def prepare_incident(lab):
    """Leave the repository as the restore script left it: with the pipeline's statement, without the team's."""
    fresh_role(lab, "payments-ci", allow(LOGIN))
    fresh_role(lab, "payments-run", allow(LOGIN), allow(PULL, repository_arn(lab)), account=THERE)
    fresh_repository(lab, policy=restored(lab))
    return f"{NAME} was restored at night. payments-run of account {THERE} cannot pull from it any more."


def check_incident(lab, answer):
    """The team pulls again, the pipeline still pushes, and nobody else comes in."""
    if missing := runner_missing(lab):
        return missing
    if missing := set(PUSH) - allowed(lab, role_arn(lab, "payments-ci"), PUSH):
        return f"The team pulls, but payments-ci cannot push any more: `ecr:{min(missing)}` is refused."
    if may_any(lab, STRANGER, (*PULL, *CHANGES)):
        return f"{NAME} is open to accounts that have nothing to do with it."
    if extra := allowed(lab, RUNNER, CHANGES):
        return f"payments-run may do more than pull: `ecr:{min(extra)}` is allowed."
    return None


INCIDENT_START = """\
import json
ecr = lab.client("ecr")
policy = json.loads(ecr.get_repository_policy(repositoryName="payments/api")["policyText"])
pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
"""
INCIDENT_END = """
ecr.set_repository_policy(repositoryName="payments/api", policyText=json.dumps(policy))"""
TEAM = 'team = {"AWS": "arn:aws:iam::222233334444:role/payments-run"}\n'


def incident_cell(change):
    """Return a cell of task 5 with this change to the policy."""
    return INCIDENT_START + change + INCIDENT_END


INCIDENT = Exercise(
    id="03.incident",
    title="The payments team cannot pull",
    objective="Find the missing half of a refused pull and repair it without breaking what works",
    minutes=8,
    prepare=prepare_incident,
    starter=incident_cell("____"),
    check=check_incident,
    mistakes=(
        Mistake(
            id="overwritten",
            when=lambda lab, answer: (
                may_all(lab, RUNNER, PULL) and not may_all(lab, role_arn(lab, "payments-ci"), PUSH)
            ),
            message=(
                "The team pulls again, and now the pipeline cannot push. A repository has one policy, and setting it "
                "replaces all of it: the statement `Pipeline` is gone. Look at what `policy` held before "
                "you changed it."
            ),
            code=incident_cell(TEAM + 'policy["Statement"] = [{"Effect": "Allow", "Principal": team, "Action": pull}]'),
        ),
        Mistake(
            id="wrong-side",
            when=lambda lab, answer: json.loads(repository_document(lab) or "{}") == json.loads(restored(lab)),
            message=(
                "You widened the role's own policies, which had allowed the pull all along. The refusal is the same as "
                "before, because the repository does not know this account. Read the last refusal again: "
                "which policy does it say is silent?"
            ),
            code="""\
import json
everything = {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}
policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
with lab.act_as("arn:aws:iam::222233334444:root") as other:
    other.client("iam").put_role_policy(RoleName="payments-run", PolicyName="more", PolicyDocument=policy)""",
        ),
        Mistake(
            id="everyone",
            when=lambda lab, answer: may_any(lab, STRANGER, PULL),
            message=(
                "The team pulls again, and every other account of AWS may as well. In a hurry the widest principal is "
                "quick to write and easy to forget. Look at the principal of the new statement: one role in "
                "one account was missing."
            ),
            code=incident_cell('policy["Statement"].append({"Effect": "Allow", "Principal": "*", "Action": pull})'),
        ),
        Mistake(
            id="manifest-only",
            when=lambda lab, answer: allowed(lab, RUNNER, PULL) == {"BatchGetImage"},
            message=(
                "The refusal that you read is gone, and the next one comes: the manifest arrives, the layers do not. A "
                "refusal names the first action that failed, not all that are missing. Pull again and "
                "read `lab.why()` once more."
            ),
            code=incident_cell(
                TEAM + 'policy["Statement"].append({"Effect": "Allow", "Principal": team, "Action": pull[:1]})'
            ),
        ),
    ),
    hints=(
        "Two accounts, so two sides must allow. The refusal says which side is silent. The other one is in order: leave "
        "it alone, and keep what the silent one holds already.",
        "The repository policy has one statement, for the pipeline. `policy` is a dictionary, and its `Statement` a "
        "list. Add a statement for the role of account 222233334444 to it.",
        'Nearly the code: `policy["Statement"].append({"Effect": "Allow", "Principal": {"AWS": …}, "Action": pull})`, '
        "with the ARN of the role that was refused.",
    ),
    solution=incident_cell(TEAM + 'policy["Statement"].append({"Effect": "Allow", "Principal": team, "Action": pull})'),
    explain=(
        "Deleting a repository deletes its policy, and the script restored only part of it. The account's side was "
        "right all the time. Read, add, write: setting a policy never adds to the one that is there."
    ),
    alternates=(
        incident_cell(
            'policy["Statement"] += [{"Effect": "Allow", "Principal": {"AWS": "222233334444"}, "Action": pull}]'
        ),
        incident_cell(
            'policy["Statement"].append({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222233334444:root"},'
            ' "Action": pull})'
        ),
    ),
    elsewhere=identities("payments-ci", there=("payments-run",)),
)


# --- 6. Only through our endpoint ----------------------------------------------------------------------------------


def prepare_endpoint(lab):
    """Leave three roles whose rights hold from everywhere."""
    whole = repository_arn(lab)
    fresh_role(lab, "payments-deploy", allow(LOGIN), allow(PULL, whole))
    fresh_role(lab, "payments-ci", allow(LOGIN), allow(PUSH, whole))
    fresh_role(lab, "platform-admin", allow(["*"]))
    fresh_repository(lab)
    return f"{NAME} has no policy. Three roles reach it from everywhere: payments-deploy, payments-ci, platform-admin."


def reached(lab, **context):
    """Return what is allowed from a place: pull by payments-deploy, push by payments-ci, as words."""
    deploy, ci = role_arn(lab, "payments-deploy"), role_arn(lab, "payments-ci")
    pulls = {"pull"} if may_all(lab, deploy, PULL, **context) else set()
    return pulls | ({"push"} if may_all(lab, ci, PUSH, **context) else set())


def opened(lab, **context):
    """Return what is at least partly allowed from a place that must be shut, as words."""
    deploy, ci = role_arn(lab, "payments-deploy"), role_arn(lab, "payments-ci")
    # BatchCheckLayerAvailability only looks: whether it is denied as well makes no difference.
    pulls = {"pull"} if may_any(lab, deploy, PULL, **context) else set()
    return pulls | ({"push"} if may_any(lab, ci, PUSH[1:], **context) else set())


def administered(lab):
    """Tell whether the administrator can change the repository's policy from a laptop."""
    return may_all(lab, role_arn(lab, "platform-admin"), POLICY)


def check_endpoint(lab, answer):
    """Pull and push work through the endpoint and nowhere else; the administrator keeps the policy in hand."""
    if missing := {"pull", "push"} - reached(lab, SourceVpce=ENDPOINT):
        return f"Through the endpoint there is no {min(missing)} any more."
    if still := opened(lab) | opened(lab, SourceVpce="vpce-0ffffffffffffffff"):
        return f"From outside the endpoint a {min(still)} is still allowed."
    if not administered(lab):
        return "platform-admin can no longer change this policy from a laptop."
    return None


DATA = (
    '["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart",'
    '\n               "ecr:CompleteLayerUpload", "ecr:PutImage"]'
)


def endpoint_cell(action, operator, *, effect="Deny", key="Action", more="", force=""):
    """Return a cell of task 6."""
    condition = f'{{{operator}: {{"aws:SourceVpce": "{ENDPOINT}"}}{more}}}'
    return f"""\
import json
rule = {{
    "Effect": "{effect}",
    "Principal": "*",
    "{key}": {action},
    "Condition": {condition},
}}
policy = json.dumps({{"Version": "2012-10-17", "Statement": [rule]}})
lab.client("ecr").set_repository_policy(repositoryName="payments/api", policyText=policy{force})"""


ADMIN_EXCEPT = ',\n        "ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{lab.account_id}:role/platform-admin"}'

ENDPOINT_TASK = Exercise(
    id="03.endpoint",
    title="Only through our endpoint",
    objective="Deny what comes from outside a VPC endpoint without locking yourself out",
    minutes=8,
    prepare=prepare_endpoint,
    starter=endpoint_cell("____", "____"),
    check=check_endpoint,
    mistakes=(
        Mistake(
            id="inverted",
            when=lambda lab, answer: not reached(lab, SourceVpce=ENDPOINT) and bool(reached(lab)),
            message=(
                "Now the doors are swapped: through the endpoint nothing works, and from everywhere else it still does. "
                "A deny acts when its condition is true, and yours is true inside. Say aloud what you wrote, "
                "beginning with 'deny if'."
            ),
            code=endpoint_cell(DATA, '"StringEquals"'),
        ),
        Mistake(
            id="locked-out",
            when=lambda lab, answer: not administered(lab),
            message=(
                "Images leave through the endpoint only. But your deny covers changing the policy as well, and it hits "
                "the administrator, who sits at a laptop outside. Nobody there can undo it with the calls of ECR. "
                "Look at which actions you deny."
            ),
            code=endpoint_cell('"ecr:*"', '"StringNotEquals"', force=", force=True"),
        ),
        Mistake(
            id="allow-only",
            when=lambda lab, answer: reached(lab) == {"pull", "push"},
            message=(
                "Nothing is shut: the roles reach the repository from everywhere, as before. Your statement allows "
                "something, and their own policies allow it without condition already. One allow is enough, so a "
                "second one never narrows. Look at the effect."
            ),
            code=endpoint_cell(DATA, '"StringEquals"', effect="Allow"),
        ),
        Mistake(
            id="pull-only",
            when=lambda lab, answer: reached(lab) == {"push"},
            message=(
                "No image leaves outside the endpoint, but one can still come in: `payments-ci` may push from anywhere. "
                "The order speaks of both directions. Compare your list of actions with the calls of a "
                "push, in task 1."
            ),
            code=endpoint_cell('["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]', '"StringNotEquals"'),
        ),
    ),
    hints=(
        "The roles' own policies allow everything they need from everywhere, so only a deny can narrow it. Two questions: "
        "when is it to act, and what must it leave alone?",
        "An operator with `Not` in its name is true for another endpoint and also when there is none. As `Action` list "
        "what moves images, or keep `SetRepositoryPolicy` and its like out in another way.",
        'Nearly the code: `"Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", …]` with the upload actions and '
        '`ecr:PutImage`, and `"Condition": {"String…Equals": {…}}` with `Not` in the middle.',
    ),
    solution=endpoint_cell(DATA, '"StringNotEquals"'),
    explain=(
        "A deny with `StringNotEquals` also acts when the key is absent, that is, for everybody without an endpoint. So it "
        "must not cover the calls with which you would undo it, or it must spare whoever makes them."
    ),
    alternates=(
        endpoint_cell(
            '["ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy"]',
            '"StringNotEquals"',
            key="NotAction",
        ),
        endpoint_cell('"ecr:*"', '"StringNotEquals"', more=ADMIN_EXCEPT, force=", force=True"),
        endpoint_cell(DATA, '"StringNotEquals"')
        .replace('"Effect"', '"Resource": "*",\n    "Effect"')
        .replace('set_repository_policy(repositoryName="payments/api", ', "put_registry_policy("),
    ),
    elsewhere=identities("payments-deploy", "payments-ci", "platform-admin"),
)


# --- 7. Open to the world ------------------------------------------------------------------------------------------


def prepare_public(lab):
    """Leave a repository that everybody may do everything with."""
    fresh_role(lab, "payments-ci", allow(LOGIN))
    fresh_role(lab, "newcomer")
    fresh_role(lab, "payments-run", allow(LOGIN), allow(PULL, repository_arn(lab)), account=THERE)
    fresh_repository(lab, policy=document(to_principal("*", ["*"])))
    return f"The policy of {NAME} allows everybody everything. Pipeline and team live on it."


def uninvited(lab):
    """Tell whether anybody but the two may do anything."""
    return any(may_any(lab, who, (*PULL, *CHANGES)) for who in (STRANGER, role_arn(lab, "newcomer")))


def overreach(lab):
    """Return what the two may do beyond their work, as actions."""
    return allowed(lab, RUNNER, CHANGES) | allowed(lab, role_arn(lab, "payments-ci"), (*ADMIN, "DeleteRepository"))


def check_public(lab, answer):
    """The two do their work and no more; nobody else does anything."""
    if missing := runner_missing(lab):
        return missing
    if missing := set(PUSH) - allowed(lab, role_arn(lab, "payments-ci"), PUSH):
        return f"payments-ci cannot push any more: `ecr:{min(missing)}` is refused."
    if uninvited(lab):
        return "Somebody who is neither the pipeline nor the team still gets in."
    if extra := overreach(lab):
        return f"Somebody may do more than their work: `ecr:{min(extra)}` is allowed."
    return None


PUBLIC_START = """\
import json
team = "arn:aws:iam::222233334444:role/payments-run"
pipeline = f"arn:aws:iam::{lab.account_id}:role/payments-ci"
pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
push = ["ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart"]
push += ["ecr:CompleteLayerUpload", "ecr:PutImage"]
"""
PUBLIC_END = """
policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
lab.client("ecr").set_repository_policy(repositoryName="payments/api", policyText=policy)"""


def public_cell(*statements):
    """Return a cell of task 7; a statement is a principal and actions, both as code."""
    lines = [f'{{"Effect": "Allow", "Principal": {who}, "Action": {what}}}' for who, what in statements]
    return (
        f"{PUBLIC_START}statements = [{lines[0]}]" + "".join(f"\nstatements += [{x}]" for x in lines[1:]) + PUBLIC_END
    )


PUBLIC = Exercise(
    id="03.public",
    title="Open to the world",
    objective="Replace a policy that allows everybody everything by one that allows what is used",
    minutes=8,
    prepare=prepare_public,
    starter=f"{PUBLIC_START}statements = ____{PUBLIC_END}",
    check=check_public,
    mistakes=(
        Mistake(
            id="still-everyone",
            when=lambda lab, answer: uninvited(lab),
            message=(
                "The actions are fewer, but the principal is still anybody: a role of an account that you have never heard "
                "of gets in, and so does a colleague without any right of her own. Look at the principal of "
                "each statement."
            ),
            code=public_cell(('"*"', "pull"), ('{"AWS": pipeline}', "push")),
        ),
        Mistake(
            id="still-everything",
            when=lambda lab, answer: may_all(lab, RUNNER, PULL) and bool(overreach(lab)),
            message=(
                "Strangers are out, but whom you named may still do far too much, down to deleting the repository or "
                "writing this policy anew. A stolen key of the pipeline would be enough. Look at the actions: "
                "what does each of the two do in a day?"
            ),
            code=public_cell(('{"AWS": [team, pipeline]}', '"ecr:*"')),
        ),
        Mistake(
            id="delegated",
            when=lambda lab, answer: (
                may_all(lab, RUNNER, PULL) and not may_any(lab, role_arn(lab, "payments-ci"), PUSH)
            ),
            message=(
                "The team pulls, but the pipeline can no longer push. It had lived on the open policy: its own "
                "policies allow the login only, so nobody allows its push now. Naming its account would not help "
                "either. Look at how task 3 let `auditor` in."
            ),
            code=public_cell(('{"AWS": team}', "pull"), ('{"AWS": f"arn:aws:iam::{lab.account_id}:root"}', "push")),
        ),
        Mistake(
            id="nobody",
            when=lambda lab, answer: repository_document(lab) is None,
            message=(
                "The repository is safe, and of no use: without a policy no other account gets in, and the payments team "
                "pulls from another account. A repository without a policy is where least privilege begins, not "
                "where it ends. Who needs what?"
            ),
            code='lab.client("ecr").delete_repository_policy(repositoryName="payments/api")',
        ),
    ),
    hints=(
        "Start from the work, not from the policy: one role pulls, one role pushes, nobody else does anything. For each of "
        "them ask which side allows it today.",
        "Two statements, each with `Effect`, `Principal` and `Action`. The principals are `team` and `pipeline`, each as "
        '`{"AWS": …}`. The lists of actions stand above the blank.',
        'Nearly the code: `[{"Effect": "Allow", "Principal": {"AWS": team}, "Action": pull}, …]`, and the same once more '
        "for the pipeline.",
    ),
    solution=public_cell(('{"AWS": team}', "pull"), ('{"AWS": pipeline}', "push")),
    explain=(
        "Each statement pairs one principal with what it does. `Principal: *` with `ecr:*` gave even roles without any "
        "right of their own the power to rewrite the policy. Named roles keep their access, and nobody else has any."
    ),
    alternates=(
        public_cell(('{"AWS": [team]}', "pull"), ('{"AWS": [pipeline]}', 'push + ["ecr:BatchGetImage"]')),
        """\
import json
payments = f"arn:aws:ecr:{lab.region}:{lab.account_id}:repository/payments/api"
push = ["BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage"]
mine = {"Effect": "Allow", "Action": [f"ecr:{each}" for each in push], "Resource": payments}
policy = json.dumps({"Version": "2012-10-17", "Statement": [mine]})
lab.client("iam").put_role_policy(RoleName="payments-ci", PolicyName="push", PolicyDocument=policy)
pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
theirs = {"Effect": "Allow", "Principal": {"AWS": "222233334444"}, "Action": pull}
policy = json.dumps({"Version": "2012-10-17", "Statement": [theirs]})
lab.client("ecr").set_repository_policy(repositoryName="payments/api", policyText=policy)""",
    ),
    elsewhere=identities("payments-ci", "newcomer", there=("payments-run",)),
)


# --- 8. The ledger -------------------------------------------------------------------------------------------------

TEAM_ROLES = ("ledger-run", "ledger-ci", "ledger-admin")
WORK = {"ledger-run": PULL, "ledger-ci": PUSH, "ledger-admin": ADMIN, "payments-ci": ()}
"""Role -> what it must be able to do in the ledger's repository."""
NOT_THEIRS = {
    "ledger-run": CHANGES,
    "ledger-ci": (*ADMIN, "DeleteRepository"),
    "ledger-admin": PUSH[1:],
    "payments-ci": CHANGES,
}
"""Role -> what it must not be able to do there. What is in neither table is left to the learner."""


def prepare_ledger(lab):
    """Leave a new repository, three roles without rights, and an old one that pushes everywhere."""
    for name in TEAM_ROLES:
        fresh_role(lab, name)
    anywhere = f"arn:aws:ecr:{lab.region}:{lab.account_id}:repository/*"
    fresh_role(lab, "payments-ci", allow(LOGIN), allow(PUSH, anywhere))
    fresh_repository(lab)
    fresh_repository(lab, LEDGER)
    return f"{LEDGER} is there. Its three roles may do nothing yet; payments-ci may push to every repository."


def ledger(lab, name, actions):
    """Return which of the actions a role may do in the ledger's repository."""
    return allowed(lab, role_arn(lab, name), actions, LEDGER)


def strays(lab):
    """Return the roles of the ledger that reach another repository."""
    return [name for name in TEAM_ROLES if may_any(lab, role_arn(lab, name), (*PULL, *CHANGES), NAME)]


def without_login(lab):
    """Return the roles that must log in and cannot."""
    return [name for name in TEAM_ROLES[:2] if not may_log_in(lab, role_arn(lab, name))]


def check_ledger(lab, answer):
    """Each cell of the table in the task holds."""
    for name, actions in WORK.items():
        if missing := set(actions) - ledger(lab, name, actions):
            return f"The table does not hold: {name} is refused `ecr:{min(missing)}` in {LEDGER}."
    if name := next(iter(without_login(lab)), None):
        return f"The table does not hold: {name} cannot log in."
    for name, actions in NOT_THEIRS.items():
        if extra := ledger(lab, name, actions):
            return f"The table does not hold: {name} may do `ecr:{min(extra)}` in {LEDGER}."
    if name := next(iter(strays(lab)), None):
        return f"{name} reaches {NAME}, which is none of its business."
    if not may_all(lab, role_arn(lab, "payments-ci"), PUSH):
        return f"payments-ci cannot push to {NAME} any more."
    return None


LEDGER_START = """\
import json
ecr, iam, version = lab.client("ecr"), lab.client("iam"), {"Version": "2012-10-17"}
pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
push = ["ecr:BatchCheckLayerAvailability", "ecr:*LayerUpload", "ecr:UploadLayerPart", "ecr:PutImage"]
admin = ["ecr:BatchDeleteImage", "ecr:SetRepositoryPolicy", "ecr:PutLifecyclePolicy"]
login = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
"""


def ledger_roles(*, resource="ledger/api", run="pull", first="login, "):
    """Return the lines of task 8 that give the three roles their policies."""
    return f"""\
ledger = f"arn:aws:ecr:{{lab.region}}:{{lab.account_id}}:repository/{resource}"
for name, actions in (("run", {run}), ("ci", push), ("admin", admin)):
    policy = version | {{"Statement": [{first}{{"Effect": "Allow", "Action": actions, "Resource": ledger}}]}}
    iam.put_role_policy(RoleName=f"ledger-{{name}}", PolicyName="ledger", PolicyDocument=json.dumps(policy))
"""


def ledger_deny(principal='{"AWS": f"arn:aws:iam::{lab.account_id}:role/payments-ci"}'):
    """Return the lines of task 8 that keep a principal from pushing."""
    return f"""\
deny = {{"Effect": "Deny", "Principal": {principal}, "Action": push}}
ecr.set_repository_policy(repositoryName="ledger/api", policyText=json.dumps(version | {{"Statement": [deny]}}))"""


LEDGER_TASK = Exercise(
    id="03.ledger",
    title="The ledger",
    objective="Give pull, push and administration of one repository to three roles, and to nobody else",
    minutes=15,
    prepare=prepare_ledger,
    starter="""\
import json
____""",
    check=check_ledger,
    mistakes=(
        Mistake(
            id="old-push",
            when=lambda lab, answer: bool(ledger(lab, "ledger-ci", PUSH) and ledger(lab, "payments-ci", PUSH[1:])),
            message=(
                "The three roles have their rights, and `payments-ci` still pushes to the ledger: its old policy says "
                "`repository/*`, and is not yours to change. Leaving it out of your policies takes nothing away. "
                "Which kind of statement outweighs an allow that stands elsewhere?"
            ),
            code=LEDGER_START + ledger_roles().rstrip(),
        ),
        Mistake(
            id="denied-all",
            when=lambda lab, answer: not ledger(lab, "ledger-ci", PUSH) and not ledger(lab, "payments-ci", PUSH),
            message=(
                "`payments-ci` is kept out, and `ledger-ci` with it. A deny wins over every allow of every role that it "
                "applies to, and yours applies to more than one. Look at its principal."
            ),
            code=LEDGER_START + ledger_roles() + ledger_deny('"*"'),
        ),
        Mistake(
            id="too-wide",
            when=lambda lab, answer: bool(strays(lab)),
            message=(
                "In the ledger's repository the table may hold, but a role of the ledger also reaches `payments/api`. The "
                "engine compares the resource of a statement with the repository asked for, and yours matches "
                "both. Look at the resources in the roles' policies."
            ),
            code=LEDGER_START + ledger_roles(resource="*") + ledger_deny(),
        ),
        Mistake(
            id="no-login",
            when=lambda lab, answer: bool(ledger(lab, "ledger-run", PULL)) and bool(without_login(lab)),
            message=(
                "Pull and push are allowed, and nobody gets that far: the login is refused. It is an action of its own, "
                "outside any repository, and no repository policy can grant it. Look at the second "
                "statement of the worked example in task 1."
            ),
            code=LEDGER_START + ledger_roles(first="") + ledger_deny(),
        ),
        Mistake(
            id="power",
            when=lambda lab, answer: bool(ledger(lab, "ledger-run", PUSH[1:])),
            message=(
                "`ledger-run` pulls, and it may push as well. What runs in production could then replace what runs in "
                "production. The table has a no there. Look at the list of actions that this role got, and at "
                "whose work each of them is."
            ),
            code=LEDGER_START + ledger_roles(run="pull + push") + ledger_deny(),
        ),
    ),
    hints=(
        "Write the table as policies, row by row: three roles get an allow on one repository, two of them a login. The "
        "fourth row takes something away that another policy gives; only one effect does that.",
        "`iam.put_role_policy` gives a role its rights, with the ARN of `ledger/api` as resource and the login on `*`. "
        "`ecr.set_repository_policy` holds the deny, with `payments-ci` as its principal.",
        "Nearly the code: a loop over role and actions that writes `[login, allow]` for each role, then "
        '`{"Effect": "Deny", "Principal": {"AWS": …}, "Action": push}` as the policy of `ledger/api`.',
    ),
    solution=LEDGER_START + ledger_roles() + ledger_deny(),
    explain=(
        "Rights that a role needs are allowed, each on one repository. A right that somebody has already, by a policy that "
        "you cannot change, is taken away by a deny on the side that you own."
    ),
    alternates=(
        """\
import json
role, version, iam = f"arn:aws:iam::{lab.account_id}:role/", {"Version": "2012-10-17"}, lab.client("iam")
push = ["ecr:BatchCheckLayerAvailability", "ecr:*LayerUpload", "ecr:UploadLayerPart", "ecr:PutImage"]
admin = ["ecr:BatchDeleteImage", "ecr:SetRepositoryPolicy", "ecr:PutLifecyclePolicy"]
may = {"ledger-run": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], "ledger-ci": push, "ledger-admin": admin}
table = [{"Effect": "Allow", "Principal": {"AWS": role + who}, "Action": what} for who, what in may.items()]
table += [{"Effect": "Deny", "Principal": {"AWS": role + "payments-ci"}, "Action": "ecr:*"}]
policy = json.dumps(version | {"Statement": table})
lab.client("ecr").set_repository_policy(repositoryName="ledger/api", policyText=policy)
login = json.dumps(version | {"Statement": {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}})
for name in ("ledger-run", "ledger-ci"):
    iam.put_role_policy(RoleName=name, PolicyName="login", PolicyDocument=login)""",
    ),
    elsewhere=identities(*TEAM_ROLES, "payments-ci"),
)

EXERCISES = (CI, HALF, ROOT, ACCOUNT, INCIDENT, ENDPOINT_TASK, PUBLIC, LEDGER_TASK)
