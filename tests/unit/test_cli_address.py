"""The command `antbridge address`: what it prints, what it writes, and the exit status."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import main

Run = Callable[..., tuple[int, str, str]]
HEADER = "country,line,expect,confidence,source\n"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Return what runs `antbridge address`, in a folder without settings or database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "nonsense")

    def run_command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["antbridge", "address", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return code, printed.out, printed.err

    return run_command


def test_a_plain_line(run: Run) -> None:
    """A line is shown in its parts, with the rule, the confidence and what would be sent."""
    status, out, err = run("Markt 5a, 2. OG", "--country", "de")

    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "line        Markt 5a, 2. OG (DE)",
        "street      Markt",
        "number      5",
        "addition    a, 2. OG",
        "extra       -",
        "rule        number_last: the number stands behind the street",
        "confidence  sure",
        "would send  deliveryAddressStreet = Markt",
        "would send  deliveryAddressHouseNumber = 5",
        "would send  deliveryAddressHouseNumberAddition = a, 2. OG",
        "would send  deliveryAddressCountryIso = DE",
    ]


def test_what_would_be_held_and_noted(run: Run) -> None:
    """Doubts, findings with their cure, and warnings of the library are all told."""
    status, out, _ = run("Kerkstraat 5 12", "--country", "NL", "--postcode", "1012 ss", "--city",
                         "Amsterdam")  # fmt: skip

    assert status == 0
    told = [line for line in out.splitlines() if not line.startswith("would send")]
    assert [line.split()[0] for line in told[6:]] == [
        "confidence",
        "doubt",
        "held",
        "cure",
        "warning",
    ]
    assert told[6].endswith("unsure")
    assert told[7].split(": ")[0].endswith("second_number_larger")
    assert told[8].split(": ")[0].endswith("address_unsure")
    assert "`antbridge orders correct ORDER --street" in told[9]
    assert "postal_code_odd" in told[10]
    assert "would send  deliveryAddressPostalCode = 1012SS" in out
    assert "would send  DeliveryAddressCityName = Amsterdam" in out


@pytest.mark.parametrize(
    ("arguments", "held"),
    [
        (("Neue Straße", "--country", "DE"), ["house_number_missing"]),
        (("Postbus 12", "--country", "NL"), ["post_box"]),
        (("Markt 5", "--country", "NL", "--postcode", "123"), ["postal_code_invalid"]),
        (("1 rue Neuve", "--country", "FR", "--postcode", "97100"), ["special_territory"]),
        (("Main Street 1", "--country", "CH"), ["country_not_served"]),
        (("The Mill, Mill Road", "--country", "IE"), []),
    ],
)
def test_json(run: Run, arguments: tuple[str, ...], held: list[str]) -> None:
    """A program reads the same answers, with the reasons for which an order would be held."""
    status, out, _ = run(*arguments, "--json")

    shown = json.loads(out)
    assert status == 0
    assert [found["reason"] for found in shown["held"]] == held
    assert all(found["sentence"] and found["cure"] for found in shown["held"])
    assert shown["line"] == arguments[0]
    assert shown["is_post_box"] is ("post_box" in held)
    assert shown["difference"] is None


def test_an_unsure_line_elsewhere_is_sent_whole(run: Run) -> None:
    """The split is shown, and beside it what would really be sent."""
    _, out, _ = run("12 rue Neuve 5", "--country", "FR", "--json")

    shown = json.loads(out)
    assert (shown["house_number"], shown["confidence"]) == (12, "unsure")
    assert [doubt["code"] for doubt in shown["doubts"]] == ["several_numbers"]
    assert shown["sent"] == {
        "deliveryAddressStreet": "12 rue Neuve 5",
        "deliveryAddressCountryIso": "FR",
    }
    assert shown["held"] == []
    assert shown["warnings"] == ["deliveryAddressStreet: sent whole, unsure (several_numbers)"]


def test_a_correction_becomes_a_test_case(run: Run, tmp_path: Path) -> None:
    """What an operator expects is added once, whether or not it is split so today."""
    file = tmp_path / "nl.csv"
    right = ("Markt 5a", "--country", "nl", "--expect", "Markt|5|a|", "--export", str(file))
    wrong = ("Markt 5 b", "--country", "NL", "--expect", "Markt|5||b", "--export", str(file),
             "--source", "phone, 3 May")  # fmt: skip

    assert run(*right)[0] == 0
    status, out, err = run(*wrong)
    assert (status, err) == (1, f"added to {file}\n")
    assert out.endswith("differs     expected Markt|5||b, split Markt|5|b| (sure)\n")
    assert run(*right)[2] == f"{file} has this line already\n"

    assert file.read_text() == (
        HEADER + "NL,Markt 5a,Markt|5|a|,,an operator's correction\n"
        'NL,Markt 5 b,Markt|5||b,,"phone, 3 May"\n'
    )
    status, out, _ = run("--corpus", str(file))
    assert status == 1
    assert out.splitlines() == [
        f"{file}:3: NL Markt 5 b: expected Markt|5||b, split Markt|5|b| (sure)",
        "2 rows, 1 differ",
    ]


def test_an_unsure_line_may_stay_unsure(run: Run, tmp_path: Path) -> None:
    """The right split of a line that is held today is kept, and is no failure."""
    file = tmp_path / "de.csv"
    straße = ("Straße 106 12", "--country", "DE", "--expect", "Straße 106|12||")

    assert run(*straße, "--export", str(file))[0] == 0
    assert run("E 5", "--country", "DE", "--expect", "unsure", "--export", str(file))[0] == 0
    assert run("Ring 5", "--country", "DE", "--expect", "unsure")[0] == 1

    assert file.read_text() == (
        HEADER + "DE,Straße 106 12,Straße 106|12||,unsure,an operator's correction\n"
        "DE,E 5,,unsure,an operator's correction\n"
    )
    assert run("--corpus", str(file)) == (0, "2 rows, 0 differ\n", "")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "a line and its country are needed"),
        (("Markt 5",), "a line and its country are needed"),
        (("Markt 5", "--country", "Holland"), "the country 'HOLLAND' is no code of two letters"),
        (
            ("Markt 5 B2", "--country", "NL", "--expect", "Markt|5||", "--export", "x.csv"),
            "the expectation loses '2B' of the line",
        ),
        (
            ("Markt 5", "--country", "NL", "--expect", "Markt|5|c|", "--export", "x.csv"),
            "the expectation holds 'c', which the line does not",
        ),
        (
            ("Markt 5", "--country", "NL", "--expect", "Markt 5", "--export", "x.csv"),
            "an expectation has four parts",
        ),
        (("Markt 5", "--country", "NL", "--export", "x.csv"), "--export needs --expect"),
        (("--corpus", "absent.csv"), "[Errno 2]"),
        (("Markt 5", "--corpus", "absent.csv"), "--corpus stands alone"),
    ],
)
def test_wrong_use(run: Run, tmp_path: Path, arguments: tuple[str, ...], problem: str) -> None:
    """Wrong use is told in one line, and nothing is written."""
    status, out, err = run(*arguments)

    assert (status, out) == (2, "")
    assert err.startswith(f"antbridge address: {problem}")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (HEADER + "NL,Markt 5,Markt|5|\n", "line 2: a row has 5 cells"),
        ("street,number\n", "line 1: the columns must be"),
        (HEADER + "NL,Markt 5 a,Markt|5||a,,x", "{file} line 2 expects something else"),
    ],
)
def test_a_file_that_cannot_be_added_to(
    run: Run, tmp_path: Path, content: str, problem: str
) -> None:
    """A bad file, or one that says otherwise, is named by its line and left alone."""
    file = tmp_path / "nl.csv"
    file.write_text(content)

    status, _, err = run("Markt 5 a", "--country", "NL", "--expect", "Markt|5|a|", "--export",
                         str(file))  # fmt: skip

    assert status == 2
    assert err.startswith(f"antbridge address: {problem.format(file=file)}")
    assert file.read_text() == content


def test_a_file_without_a_last_line_end_is_continued(run: Run, tmp_path: Path) -> None:
    """The new row gets a line of its own."""
    file = tmp_path / "nl.csv"
    file.write_text(HEADER + "NL,Markt 6,Markt|6||,,x")

    run("Markt 5", "--country", "NL", "--expect", "Markt|5||", "--export", str(file))

    assert run("--corpus", str(file))[1] == "2 rows, 0 differ\n"


def test_a_bad_corpus_is_named_with_its_line(run: Run, tmp_path: Path) -> None:
    """A file of rows that cannot be read is no proof of anything."""
    file = tmp_path / "nl.csv"
    file.write_text(HEADER + "NL,Markt 5,Markt|5||,,x\nNL,Markt 7,,,x\n")

    status, out, err = run("--corpus", str(file))

    assert (status, out) == (2, "")
    assert err.startswith(f"antbridge address: {file} line 3: the expectation is empty")
