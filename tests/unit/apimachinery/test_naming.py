from __future__ import annotations

import random

import pytest

from kitlib.embedded.apimachinery import naming


def test_generated_names_are_repeatable_and_fit() -> None:
    names = {naming.generate_name("web-", random.Random(seed)) for seed in range(50)}
    assert len(names) == 50
    assert naming.generate_name("web-", random.Random(1)) == naming.generate_name("web-", random.Random(1))
    for name in names:
        assert set(name.removeprefix("web-")) <= set("bcdfghjklmnpqrstvwxz2456789")
        assert len(name) == len("web-") + 5
    assert len(naming.generate_name("x" * 100, random.Random(1))) == 63


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (naming.check_dns_label, ["a", "a-1", "1a", "a" * 63], ["", "A", "-a", "a-", "a.b", "a_b", "a" * 64]),
        (naming.check_dns_subdomain, ["a", "a.b-c.d", "1.2"], ["", "a..b", ".a", "A.b", "a" * 254]),
        (naming.check_label_value, ["", "a", "A_b.c-1"], ["-a", "a b", "a" * 64]),
        (
            naming.check_qualified_name,
            ["a", "A.b_c", "example.com/a"],
            ["", "/a", "a/", "a/b/c", "A.com/a", "-a", "x/" + "a" * 64],
        ),
        (naming.check_config_key, ["a.b", "_x", ".hidden"], ["", "a/b", ".", "..", "..a"]),
        (naming.check_env_name, ["A", "a.b-c", "1 x"], ["", "A=B", "é"]),
        (naming.check_port_name, ["http", "h-1"], ["", "80", "HTTP", "-a", "a--b", "a" * 16]),
        (naming.check_path_segment, ["system:x", "a b"], [".", "..", "a/b", "a%b"]),
    ],
)
def test_checks(check: naming.Check, good: list[str], bad: list[str]) -> None:
    assert [name for name in good if check(name)] == []
    assert [name for name in bad if not check(name)] == []


def test_texts_are_those_of_the_api_server() -> None:
    assert naming.check_dns_subdomain("Web") == [
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    ]
    assert naming.check_port_number(0) == ["must be between 1 and 65535, inclusive"]
    assert naming.check_port_number(65535) == []
