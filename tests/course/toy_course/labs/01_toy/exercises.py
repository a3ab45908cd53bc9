"""A lab of two tasks, to test the engine with: one is judged by state, one by the answer."""

from ecrlab.course import Exercise, Mistake


def names(lab):
    """Return the names of all repositories."""
    return {each["repositoryName"] for each in lab.client("ecr").describe_repositories()["repositories"]}


def prepare(lab):
    """Empty the registry."""
    for name in names(lab):
        lab.client("ecr").delete_repository(repositoryName=name, force=True)
    return "The registry is empty."


CREATE = Exercise(
    id="01.create",
    title="A repository",
    objective="Create a repository",
    minutes=2,
    prepare=prepare,
    starter='lab.client("ecr").create_repository(repositoryName=____)',
    check=lambda lab, answer: None if "toy/box" in names(lab) else "There is no repository toy/box.",
    mistakes=(
        Mistake(
            id="dash",
            when=lambda lab, answer: "toy-box" in names(lab),
            message="You wrote a dash where the slash belongs; the registry now has toy-box.",
            code='lab.client("ecr").create_repository(repositoryName="toy-box")',
        ),
        Mistake(
            id="deep",
            when=lambda lab, answer: "toy/box/lid" in names(lab),
            message="You went one level too deep; the registry now has toy/box/lid.",
            code='lab.client("ecr").create_repository(repositoryName="toy/box/lid")',
        ),
    ),
    hints=(
        "Think of what the box belongs to, and write that first.",
        "The call is create_repository, its argument is repositoryName.",
        'Write repositoryName="toy/…" with the last word filled in.',
    ),
    solution='lab.client("ecr").create_repository(repositoryName="toy/box")',
    explain="A slash makes a namespace.",
    alternates=(
        'ecr = lab.client("ecr")\necr.create_repository(repositoryName="toy/box", imageTagMutability="IMMUTABLE")',
    ),
)

COUNT = Exercise(
    id="01.count",
    title="How many",
    objective="Count repositories",
    minutes=1,
    prepare=prepare,
    starter="count = ____",
    check=lambda lab, answer: None if answer == len(names(lab)) else "That is not the number of repositories.",
    mistakes=(
        Mistake(
            id="text",
            when=lambda lab, answer: answer == str(len(names(lab))),
            message="You handed over a text; the check wants the number itself.",
            code='count = str(len(lab.client("ecr").describe_repositories()["repositories"]))',
        ),
        Mistake(
            id="list",
            when=lambda lab, answer: isinstance(answer, list),
            message="You handed over the list; the check wants to know how long it is.",
            code='count = lab.client("ecr").describe_repositories()["repositories"]',
        ),
    ),
    hints=(
        "There is a list somewhere in the answer of the call.",
        "Use len on the list that describe_repositories returns.",
        'Write len(lab.client("ecr").describe_repositories()["…"]) with the right key.',
    ),
    solution='count = len(lab.client("ecr").describe_repositories()["repositories"])',
    explain="The list holds one entry for each repository of the page.",
)

EXERCISES = (CREATE, COUNT)
