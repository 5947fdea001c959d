"""Command lines as people write them."""

import pytest

from seqgen.cli.arguments import normal

REQUIRED = ["model", "inputs", "out"]

LINES = {
    "plain": (["m", "a", "b", "o"], ["m", '["a", "b"]', "o"]),
    "flag first": (["--seed", "3", "m", "a", "o"], ["--seed=3", "m", '["a"]', "o"]),
    "flag between": (["m", "a", "--seed", "3", "b", "o"], ["--seed=3", "m", '["a", "b"]', "o"]),
    "dashes": (["m", "a", "o", "--num-steps", "4"], ["--num_steps=4", "m", '["a"]', "o"]),
    "underscores and equals": (["m", "a", "o", "--num_steps=4"], ["--num_steps=4", "m", '["a"]', "o"]),
    "a value with dashes": (["m", "a", "o", "--x=--a-b"], ["--x=--a-b", "m", '["a"]', "o"]),
    "a negative value": (["m", "a", "o", "--seed", "-1"], ["--seed=-1", "m", '["a"]', "o"]),
    "a switch": (["m", "a", "--wav", "b", "o"], ["--wav=true", "m", '["a", "b"]', "o"]),
    "a switch with a value": (
        ["m", "a", "b", "o", "--wav", "false"],
        ["--wav=false", "m", '["a", "b"]', "o"],
    ),
    "a switch at the end": (["m", "a", "o", "--wav"], ["--wav=true", "m", '["a"]', "o"]),
    "names with dashes": (["--seed", "1", "--", "m", "--a-b", "o"], ["--seed=1", "m", '["--a-b"]', "o"]),
    "print-config": (["m", "a", "o", "--print-config"], ["--print_config", "m", '["a"]', "o"]),
    "no files": (["m", "o"], ["m", "[]", "o"]),
    "too few": (["m"], ["m"]),
    "nothing": ([], []),
    "a flag without its value": (["m", "a", "o", "--seed"], ["--seed", "m", '["a"]', "o"]),
}


@pytest.mark.parametrize(("line", "expected"), LINES.values(), ids=LINES)
def test_a_line_is_put_in_order(line, expected):
    assert normal(line, REQUIRED, "inputs", {"wav"}) == expected


def test_a_list_may_be_empty_where_it_is_all_there_is():
    assert normal([], ["targets"], "targets", set()) == ["[]"]
