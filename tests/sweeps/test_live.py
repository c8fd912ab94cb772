import io

from rich.console import Console

from sweeps.board import Board, span
from sweeps.estimate import Estimator
from sweeps.live import LiveView, PlainView, preparing, view_of
from tests.sweeps.fakes import event, make_trials


def board(num_trials: int = 4) -> Board:
    return Board(make_trials(num_trials), Estimator())


def console(*, terminal: bool = False) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100)


def text(of: Console) -> str:
    assert isinstance(of.file, io.StringIO)
    return of.file.getvalue()


def test_the_board_counts() -> None:
    trials = make_trials(4)
    counted = Board(trials, Estimator())
    for trial in trials[:3]:
        counted.started(trial)
    counted.reported(trials[2], {"step": 3, "num_steps": 10, "loss": 0.5})
    counted.ended(trials[0], event(trials[0].key))
    counted.ended(trials[1], event(trials[1].key, kind="failed"))
    counted.ended(trials[2], event(trials[2].key, kind="lost"))
    line = counted.line()
    assert line.startswith("2/4 done, 0 running, 1 failed, 2 left, 1 workers lost")
    assert "/min" in line
    assert "ETA 7 s" in line  # two trials like the one of ten seconds, three at a time
    assert "IDIA TPR" not in counted.latest
    assert "nan at step 3" in counted.latest


def test_nothing_is_promised_before_anything_is_known() -> None:
    counted = board()
    assert counted.rate() == 0
    assert counted.eta_s() is None
    assert counted.line() == "0/4 done, 0 running, 0 failed, 4 left"


def test_lines_without_control_codes() -> None:
    out = console()
    trials = make_trials(2)
    with view_of(Board(trials, Estimator()), out) as view:
        assert isinstance(view, PlainView)
        view.tick()
        view.started(trials[0])
        view.tick()
        view.ended(trials[0], event(trials[0].key, kind="failed"))
    lines = text(out).splitlines()
    assert lines[0] == "0/2 done, 0 running, 0 failed, 2 left"
    assert lines[1].startswith("failed: builtin text n=1 beta=0 seed=0: the loss became nan")
    assert lines[-1].startswith("1/2 done")
    assert "\x1b" not in text(out)


def test_a_panel_on_a_terminal() -> None:
    out = console(terminal=True)
    trials = make_trials(2)
    with view_of(Board(trials, Estimator()), out) as view:
        assert isinstance(view, LiveView)
        view.started(trials[0])
        view.started(trials[1])
        view.reported(trials[0], {"step": 3, "num_steps": 10, "loss": 0.5})
        view.ended(trials[1], event(trials[1].key))
        view.tick()
        view.say("a word besides")
    shown = text(out)
    assert "step 3/10, loss 0.500" in shown
    assert "latest: builtin text n=1 beta=0 seed=1: IDIA TPR 25.0%, Sim Clean 0.980" in shown
    assert "a word besides" in shown


def test_preparation_is_shown() -> None:
    for terminal in (False, True):
        out = console(terminal=terminal)
        with preparing(out) as progress:
            for step in range(101):
                progress("pre-training", step, 100)
        assert "pre-training" in text(out)
    out = console()
    with preparing(out) as progress:
        for step in range(101):
            progress("pre-training", step, 100)
    assert len(text(out).splitlines()) == 11


def test_spans() -> None:
    assert [span(s) for s in (5, 65, 3665)] == ["5 s", "1 min 05 s", "1 h 01 min"]
