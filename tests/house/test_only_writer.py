"""Only the two ledgers write balances and ledger rows: the source of no other module shows a statement that does.

What the source does not show, such as a table's name put together at run time, is not found; the rows are guarded by the
database's triggers besides.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.test_checks import sources
from tests.processes import ROOT

WRITERS = {"economy/ledger/points.py", "economy/ledger/xp.py"}
# The empty balances of a viewer who is new.
ALLOWED = {
    ("economy/viewers/people.py", "Points.objects.bulk_create"),
    ("economy/viewers/people.py", "Points(...)"),
    ("economy/viewers/people.py", "XP.objects.bulk_create"),
    ("economy/viewers/people.py", "XP(...)"),
}
MODELS = {"Points", "XP", "Transaction", "XPTransaction"}
# How a viewer, a balance or a currency's ledger reaches them.
RELATIONS = {"points", "xp", "transactions", "xp_transactions", "balances", "rows"}
COLUMNS = {"balance", "total", "level", "rewarded_level", "balance_after", "total_after", "level_after"}
WRITES = {
    method
    for name in ("create", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "update", "delete")
    for method in (name, f"a{name}")
}
SQL = re.compile(
    r"\b(?:UPDATE|INTO|DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?)\s+[\"'`]?economy_(?:points|xp|transaction|xptransaction)\b",
    re.IGNORECASE,
)


def writes(code: str) -> Iterator[str]:
    """Yield what in `code` writes a balance or a ledger row, in the words of the code."""
    tree = ast.parse(code)
    names = aliases(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value):
            yield node.value
        elif isinstance(node, ast.Call):
            yield from call_writes(node, names)
        elif isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (ast.unparse(target) for target in targets if is_balance(target))


def aliases(tree: ast.AST) -> dict[str, str]:
    """Return the models by the names under which `tree` imports them."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported = [name for node in imports if (node.module or "").startswith("economy.models") for name in node.names]
    return {name.asname or name.name: name.name for name in imported if name.name in MODELS}


def call_writes(call: ast.Call, names: dict[str, str]) -> Iterator[str]:
    """Yield the call where it makes a row, writes through a manager or a queryset, or inserts in bulk."""
    called = model_of(call.func, names)
    if called is not None:
        yield f"{called}(...)"
    if not isinstance(call.func, ast.Attribute):
        return
    method = call.func.attr
    chain = list(parts(call.func.value))
    owners = [name for part in chain if (name := model_of(part, names) or relation_of(part)) is not None]
    if method in WRITES and owners:
        yield f"{owners[-1]}.objects.{method}"
        return
    updates = method in {"update", "aupdate"} and {keyword.arg for keyword in call.keywords} & COLUMNS - {"total"}
    saves = method in {"save", "asave", "delete", "adelete"} and relation_of(call.func.value)
    inserts = method == "insert" and call.args and (model_of(call.args[0], names) or relation_of(call.args[0]))
    if updates or saves or inserts:
        yield ast.unparse(call)


def parts(node: ast.AST) -> Iterator[ast.AST]:
    """Yield `node`, what it is an attribute of or called on, and so on."""
    while True:
        yield node
        if isinstance(node, ast.Attribute):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        else:
            return


def model_of(node: ast.AST, names: dict[str, str]) -> str | None:
    """Return the model that `node` names: `XP`, or `models.XP`."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and node.attr in MODELS and ast.unparse(node.value).endswith("models"):
        return node.attr
    return None


def relation_of(node: ast.AST) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) and node.attr in RELATIONS else None


def is_balance(target: ast.AST) -> bool:
    """Is something stored in `….balance`, `viewer.xp.total`, or another column of an object?"""
    if not isinstance(target, ast.Attribute) or target.attr not in COLUMNS:
        return False
    if target.attr in {"balance", "rewarded_level", "balance_after", "total_after", "level_after"}:
        return True
    return relation_of(target.value) is not None


def test_nothing_but_the_ledgers_writes_balances_and_rows() -> None:
    exempt = {"tests", "migrations"}
    code = [path for path in sources() if path.suffix == ".py" and not exempt & set(path.relative_to(ROOT).parts)]
    found = {
        (str(path.relative_to(ROOT)), write)
        for path in code
        for write in writes(Path(path).read_text(encoding="utf-8"))
    }
    assert {path for path, _ in found} >= WRITERS  # the scanner sees what they write
    assert {(path, write) for path, write in found if path not in WRITERS} == ALLOWED


@pytest.mark.parametrize(
    "planted",
    [
        'cursor.execute("UPDATE economy_points SET balance = 1")',
        'cursor.execute(f"update economy_xp SET total = {total}")',
        'cursor.execute("INSERT INTO economy_transaction (delta) VALUES (1)")',
        "cursor.execute('INSERT OR REPLACE INTO \"economy_xptransaction\" VALUES (1)')",
        'cursor.execute("DELETE FROM economy_points")',
        "Points.objects.filter(pk=1).update(balance=1)",
        "Points.objects.create(viewer=viewer, balance=5)",
        "Points.objects.bulk_update(found, ['balance'])",
        "Points.objects.select_for_update().get_or_create(viewer=viewer)",
        "XP.objects.filter(pk=1).update(level=1)",
        "XP._default_manager.filter(pk=1).update(total=1)",
        "found.filter(pk=1).update(balance=F('balance') + 1)",
        "found.update(rewarded_level=1)",
        "Transaction.objects.create(delta=1)",
        "Transaction(delta=1).save()",
        "XPTransaction.objects.bulk_create(found)",
        "viewer.transactions.create(delta=1)",
        "viewer.points.balance += 1",
        "viewer.xp.total = 5",
        "viewer.points.save()",
        "row.balance = 3",
        "bulk.insert(Transaction, columns, rows)",
        "bulk.insert(ledger.rows, columns, rows)",
        "ledger.balances.objects.update(**values)",
        "Row.objects.create(delta=1)",
        "models.XP.objects.create(viewer=viewer)",
    ],
)
def test_each_kind_of_writing_is_found(planted: str) -> None:
    imports = "from economy.models import XP, Points, Transaction, XPTransaction\nfrom economy.models import XPTransaction as Row\n"
    assert list(writes(imports + planted))


@pytest.mark.parametrize(
    "harmless",
    [
        "Points.objects.get(pk=1).balance",
        'cursor.execute("SELECT balance FROM economy_points")',
        "Transaction.objects.filter(reference=reference).first()",
        "Viewer.objects.filter(pk=1).update(last_seen_at=now)",
        "batch.total = 5",
        "with transaction.atomic(): pass",
        "points.write_rows(rows, kind=Kind.ADJUST)",
        "names.update(found)",
    ],
)
def test_what_writes_no_balance_is_left_alone(harmless: str) -> None:
    assert list(writes(f"from economy.models import XP, Points, Transaction\n{harmless}")) == []
