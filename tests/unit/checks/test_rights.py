import pytest

from kitlib.checks import Observation, State
from kitlib.checks.rights import account_may, account_may_only

NEEDS = (("", "persistentvolumes", ("list", "create")), ("storage.k8s.io", "storageclasses", ("list",)))
VOLUMES = {"apiGroups": [""], "resources": ["persistentvolumes"], "verbs": ["create", "list", "watch"]}
CLASSES = {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": ["list"]}
ACCOUNT = {"kind": "ServiceAccount", "name": "maker", "namespace": "lab"}


def observed(*rules, subject=ACCOUNT, role="maker"):
    bound = {"metadata": {"name": "any"}, "roleRef": {"kind": "ClusterRole", "name": role}, "subjects": [subject]}
    roles = {"metadata": {"name": "maker"}, "rules": list(rules)}
    return Observation("lab", objects={"ClusterRole": (roles,), "ClusterRoleBinding": (bound,)})


def may(observation):
    return account_may("maker", NEEDS)(observation).state


@pytest.mark.parametrize(
    "subject",
    [
        ACCOUNT,
        {"kind": "User", "name": "system:serviceaccount:lab:maker"},
        {"kind": "Group", "name": "system:serviceaccounts:lab"},
    ],
)
def test_who_has_rights(subject):
    assert may(observed(VOLUMES, CLASSES, subject=subject)) is State.MET


@pytest.mark.parametrize(
    "subject",
    [
        ACCOUNT | {"namespace": "other"},
        ACCOUNT | {"name": "default"},
        {"kind": "Group", "name": "system:serviceaccounts:other"},
        {"kind": "User", "name": "maker"},
    ],
)
def test_who_has_none(subject):
    assert may(observed(VOLUMES, CLASSES, subject=subject)) is State.UNMET


def test_rights_may_be_spread_over_rules_or_given_by_a_star():
    only_list, only_create = VOLUMES | {"verbs": ["list"]}, VOLUMES | {"verbs": ["create"]}
    assert may(observed(only_list, CLASSES, only_create)) is State.MET
    assert may(observed({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]})) is State.MET


def test_what_is_missing_is_said():
    finding = account_may("maker", NEEDS)(observed(VOLUMES | {"verbs": ["list"]}, CLASSES | {"apiGroups": [""]}))
    assert finding.observed == "it may not create persistentvolumes, list storageclasses"
    assert may(observed(VOLUMES | {"resourceNames": ["one"]}, CLASSES)) is State.UNMET
    assert may(observed(VOLUMES, CLASSES, role="missing")) is State.UNMET


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        (VOLUMES, State.MET),
        (VOLUMES | {"resources": ["nodes"]}, State.MET),
        (VOLUMES | {"resources": ["persistentvolumes", "secrets"]}, State.UNMET),
        (VOLUMES | {"resources": ["*"]}, State.UNMET),
        (VOLUMES | {"verbs": ["*"]}, State.UNMET),
        ({"nonResourceURLs": ["/metrics"], "verbs": ["get"]}, State.UNMET),
    ],
)
def test_no_more_than_needed(rule, state):
    test = account_may_only("maker", ("persistentvolumes", "storageclasses"))
    assert test(observed(CLASSES, rule)).state is state
    assert test(Observation("lab")).state is State.UNMET
