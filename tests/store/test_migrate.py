"""Migrations go forward, once, and notice when the past was changed."""

import sqlite3
from pathlib import Path

import pytest

from ponte.errors import ConfiguracaoInvalida
from ponte.store.migrate import load, migrate, statements


def test_a_second_run_does_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ponte.db"

    first, second = migrate(path), migrate(path)

    assert first == [m.nome for m in load()]
    assert second == []


def test_a_changed_file_stops_the_start_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "ponte.db"
    migrate(path)
    con = sqlite3.connect(path)
    con.execute("UPDATE migracoes SET hash = 'other' WHERE numero = 1")
    con.commit()
    con.close()

    with pytest.raises(ConfiguracaoInvalida, match="0001_inicio"):
        migrate(path)


def test_a_database_from_the_future_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ponte.db"
    migrate(path)
    con = sqlite3.connect(path)
    con.execute("INSERT INTO migracoes VALUES (9999, 'x', 'x', 'x')")
    con.commit()
    con.close()

    with pytest.raises(ConfiguracaoInvalida, match="9999"):
        migrate(path)


def test_a_trigger_stays_one_statement() -> None:
    script = "CREATE TABLE a (b);\nCREATE TRIGGER t AFTER INSERT ON a\nBEGIN SELECT 1; END;\n"

    assert len(statements(script)) == 2


def test_the_audit_trail_can_be_neither_changed_nor_deleted(tmp_path: Path) -> None:
    path = tmp_path / "ponte.db"
    migrate(path)
    con = sqlite3.connect(path)
    con.execute(
        "INSERT INTO auditoria (em, autor, acao, alvo, dados) VALUES (1, 'a', 'b', 'c', '{}')"
    )

    for sql in ("UPDATE auditoria SET autor = 'x'", "DELETE FROM auditoria"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            con.execute(sql)
    con.close()
