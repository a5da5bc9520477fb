"""What the rule language refuses: syntax, types and size, each with line and column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import limits
from attest.errors import RuleError
from attest.rules import syntax
from attest.rules.expr import Compiler
from attest.rules.types import BOOL, INT, UNKNOWN, named_type, type_name
from tests.rules.language import NAMES, macro, refusal, value_of


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("declared.x", "column 1: unknown name declared.x"),
        ("nobody.x", "column 1: unknown name nobody.x"),
        ("x", "column 1: unknown name x"),
        ("declared", "column 1: unknown name declared"),
        ("declared.dies.exists(d, d.x == 1)", "column 25: die has no member x"),
        ("declared.dies.units", "column 1: list(die) has no member units"),
        ("declared.n.x", "column 1: int has no member x"),
        ("1 && true", "column 1: && cannot take int and bool"),
        ("true || declared.s", "column 1: || cannot take bool and string"),
        ("!1", "column 1: ! cannot take int"),
        ("-true", "column 1: - cannot take bool"),
        ("-declared.day", "column 1: - cannot take date"),
        ("1 < true", "column 1: < cannot take int and bool"),
        ("'a' < 'b'", "column 1: < cannot take string"),
        ("true < false", "column 1: < cannot take bool"),
        ("1 == true", "column 1: == cannot take int and bool"),
        ("declared.day == 739946", "column 1: == cannot take date and int"),
        ("declared.day < declared.n", "column 1: < cannot take date and int"),
        ("declared.dies == declared.dies", "column 1: == cannot take list(die)"),
        ("1 in ['a']", "column 1: in cannot take int and list(string)"),
        ("'a' in 'abc'", "column 1: in cannot take string"),
        ("declared.places in declared.places", "column 1: in cannot take list(string)"),
        ("'a' + 'b'", "column 1: + cannot take string"),
        ("[1] + [2]", "column 1: + cannot take list(int)"),
        ("1 + declared.day", "column 1: + cannot take int and date"),
        ("declared.day - 1", "column 1: - cannot take date and int"),
        ("declared.day + declared.day", "column 1: + cannot take date"),
        ("declared.day * 2", "column 1: * cannot take date and int"),
        ("1 ? 2 : 3", "column 1: ?: cannot decide on int"),
        ("true ? 1 : 'a'", "column 1: ?: cannot give int or string"),
        ("[]", "column 1: an empty list has no type"),
        ("[1, 'a']", "column 1: the items of a list are of one type"),
        ("size(1)", "column 1: size cannot take int"),
        ("size('abc')", "column 1: size cannot take string"),
        ("sum(['a'])", "column 1: sum cannot take list(string)"),
        ("max(declared.dies)", "column 1: max cannot take list(die)"),
        ("max(1, 2)", "column 1: max takes one argument"),
        ("has(declared)", "column 1: has takes a name such as x.y"),
        ("has(declared.x)", "column 5: unknown name declared.x"),
        ("has(1)", "column 1: has takes a name such as x.y"),
        ("matches('a')", "column 1: unknown function matches"),
        ("declared.n.exists(d, true)", "column 1: int is no list"),
        ("declared.dies.exists(d, d.units)", "column 1: exists cannot decide on int"),
        ("declared.dies.filter(d, 1)", "column 1: filter cannot decide on int"),
        ("declared.dies.all(declared, true)", "the variable declared is already a name here"),
        ("declared.dies.all(d, declared.dies.all(d, true))", "the variable d is already a name"),
    ],
)
def test_type_errors_are_found_at_load(source: str, why: str) -> None:
    detail = refusal(source)
    assert detail.startswith("line 1, column ")
    assert why in detail


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("", "line 1, column 1: the expression ends too early"),
        ("1 +", "line 1, column 4: the expression ends too early"),
        ("(1", "line 1, column 3: the expression ends too early"),
        ("1)", "line 1, column 2: an operator is missing before this"),
        ("1 2", "line 1, column 3: an operator is missing before this"),
        ("true &&\n  && false", "line 2, column 3: expected a name"),
        ("true &\nfalse", "line 1, column 6: this character is not of the language"),
        ("true | false", "line 1, column 6: this character is not of the language"),
        ("1 = 1", "line 1, column 3: this character is not of the language"),
        ("1 % 2", "line 1, column 3: this character is not of the language"),
        ("'a", "line 1, column 1: a text does not end, or holds a backslash or a line break"),
        (r"'a\n'", "line 1, column 1: a text does not end, or holds a backslash or a line break"),
        ("'a\nb'", "line 1, column 1: a text does not end, or holds a backslash or a line break"),
        ("1.5", "line 1, column 1: numbers are whole and decimal, without suffix"),
        ("0x10", "line 1, column 1: numbers are whole and decimal, without suffix"),
        ("5u", "line 1, column 1: numbers are whole and decimal, without suffix"),
        ("1__0", "line 1, column 1: numbers are whole and decimal, without suffix"),
        ("9223372036854775808", "line 1, column 1: the number is beyond 64 bits"),
        ("-9223372036854775809", "line 1, column 2: the number is beyond 64 bits"),
        ("1" * 4000, "line 1, column 1: the number is beyond 64 bits"),
        ("!-1", "line 1, column 1: put brackets between ! and -"),
        ("declared.", "line 1, column 10: the expression ends too early"),
        ("declared.in", "line 1, column 10: expected a name"),
        ("null", "line 1, column 1: expected a name"),
        ("declared.dies.size()", "line 1, column 15: lists have exists, all, filter and map only"),
        ("declared.dies.exists(1, true)", "line 1, column 22: expected a name"),
        ("declared.dies.exists(d)", "line 1, column 23: expected ,"),
        ("declared.dies.exists(d, true, true)", "line 1, column 29: expected )"),
        ("true ? 1", "line 1, column 9: the expression ends too early"),
        ("true ? 1 ; 2", "line 1, column 10: this character is not of the language"),
        ("[1 2]", "line 1, column 4: expected ,"),
        ("[1,]", "line 1, column 4: expected a name"),
        ("declared.é", "line 1, column 10: this character is not of the language"),
        ("x" * 65, "line 1, column 1: a name is over 64 characters"),
        ("1 \x00", "line 1, column 3: this character is not of the language"),
    ],
)
def test_syntax_errors_name_line_and_column(source: str, why: str) -> None:
    assert refusal(source) == why


def test_the_expected_type_is_demanded() -> None:
    assert refusal("1 + 1", BOOL) == "line 1, column 1: this is int, not bool"
    assert Compiler(NAMES).expression("declared.a", BOOL).type == BOOL


def test_the_longest_expression() -> None:
    filler = " " * (limits.EXPRESSION_BYTES_MAX - 4)
    assert value_of("true" + filler) is True
    over = f"line 1, column 1: the expression is over {limits.EXPRESSION_BYTES_MAX} bytes"
    assert refusal("true " + filler) == over
    assert refusal("'" + "é" * (limits.EXPRESSION_BYTES_MAX // 2) + "'") == over


@pytest.mark.parametrize(
    ("opening", "closing"), [("(", ")"), ("[", "]"), ("!", ""), ("-", ""), ("size([", "])")]
)
def test_nesting_is_bounded(opening: str, closing: str) -> None:
    many = limits.EXPRESSION_BYTES_MAX // (len(opening + closing)) - 12
    core = "true" if opening == "!" else "declared.n"
    assert "nested too deeply" in refusal(opening * many + core + closing * many)


def test_the_deepest_expression() -> None:
    most = limits.EXPRESSION_DEPTH_MAX
    assert value_of("!" * (most - 2) + "declared.a", a=True) is True
    assert "nested too deeply" in refusal("!" * (most - 1) + "declared.a")
    brackets = limits.EXPRESSION_BRACKETS_MAX - 1
    assert value_of("(" * brackets + "declared.a" + ")" * brackets, a=True) is True
    assert "nested too deeply" in refusal("(" * (brackets + 1) + "true" + ")" * (brackets + 1))
    assert value_of("true ? 1 : " * brackets + "2") == 1
    assert "nested too deeply" in refusal("true ? 1 : " * (brackets + 1) + "2")


def test_brackets_side_by_side_are_not_deep() -> None:
    side_by_side = limits.EXPRESSION_DEPTH_MAX + 1
    assert value_of(" && ".join(["(declared.a)"] * side_by_side), a=True) is True
    choice = "(declared.a ? true : false)"
    assert value_of(" && ".join([choice] * side_by_side), a=True) is True


def test_long_chains_are_not_deep() -> None:
    assert value_of(" && ".join(["declared.a"] * 250), a=True) is True
    assert value_of(" || ".join(["declared.a"] * 250)) is UNKNOWN


def test_definitions_count_towards_the_depth() -> None:
    compiler = Compiler(NAMES)
    compiler.define("d0", "declared.a")
    deepest = limits.EXPRESSION_DEPTH_MAX // 2 - 1
    for number in range(deepest):
        assert compiler.define(f"d{number + 1}", f"!define.d{number}").depth == 2 * number + 3
    with pytest.raises(RuleError, match="with its definitions is nested too deeply"):
        compiler.define("over", f"!define.d{deepest}")


def test_macros_count_towards_the_size_of_the_pack() -> None:
    macros = {"m0": macro("m0", "x", "x + x")}
    for number in range(1, 15):
        source = f"m{number - 1}(x) + m{number - 1}(x)"
        macros[f"m{number}"] = macro(f"m{number}", "x", source)
    compiler = Compiler(NAMES, macros)
    assert compiler.expression("m10(declared.n)").type == INT
    with pytest.raises(RuleError, match="too large together"):
        compiler.expression("m14(declared.n)")


def test_loops_nest_three_deep() -> None:
    def nested(levels: int) -> str:
        inner = "true"
        for level in range(levels):
            inner = f"declared.dies.exists(d{level}, {inner})"
        return inner

    assert value_of(nested(limits.LOOPS_NESTED_MAX), dies=({},)) is True
    assert "3 list macros are nested" in refusal(nested(limits.LOOPS_NESTED_MAX + 1))


@given(st.text(alphabet="truefalsdn.0123 ()[]!<>=&|?:+-*/,'\"_\n", max_size=60))
def test_any_text_gives_a_tree_or_a_typed_refusal(source: str) -> None:
    code, depth = "", 0
    try:
        depth = syntax.parse(source).depth
    except RuleError as error:
        code = error.code
    assert code == "expression-invalid" or 1 <= depth <= limits.EXPRESSION_DEPTH_MAX


def test_references_are_names_and_calls() -> None:
    tree = syntax.parse("f(define.x) && [rule.y].exists(v, v == params.z.w) ? a.b : has(c.d)")
    assert syntax.references(tree) == {
        "f()",
        "has()",
        "define.x",
        "rule.y",
        "params.z",
        "a.b",
        "c.d",
    }


def test_unknown_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError):
        bool(UNKNOWN)
    assert repr(UNKNOWN) == "UNKNOWN"


@pytest.mark.parametrize("name", ["bool", "int", "string", "date", "list(string)"])
def test_named_types_are_written_as_they_are_read(name: str) -> None:
    kind = named_type(name)
    assert kind is not None
    assert type_name(kind) == name


def test_other_types_have_no_name_for_params() -> None:
    assert named_type("list(die)") is None
    assert named_type("float") is None
