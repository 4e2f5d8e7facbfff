"""The findings of nndl bench, as tables."""

from typing import Any

from nndl.cli.screen import terminal
from nndl.cli.screen.counts import count_of


def show(result: dict[str, Any]) -> None:
    """Print tables on stdout: where each engine's time goes, then all of them side by side."""
    most = max(each["threads"] for each in result["contenders"])
    for each in result["contenders"]:
        if each["threads"] == most:
            _show_steps(result, each)
            _tell_slow_ways(each)
            terminal.say()
    _show_contenders(result)
    sizes = " x ".join([str(result["peak"][0]["size"])] * 2)
    for peak in result["peak"]:
        bound = peak["register_gflops"]
        within = "" if bound is None else f"; float32 multiply-adds in registers alone: {bound:.0f}"
        terminal.say_words(
            f"matmul, {count_of(peak['threads'], 'thread')}: {peak['gflops']:.0f} GFLOP/s, "
            f"NumPy's product of {sizes} matrices in {result['dtype']}{within} ({result['processor']})"
        )
    terminal.say_words(
        "x matmul: GFLOP/s in times of that product's. A convolution counts as direct convolution has it; Winograd's "
        "needs fewer multiplications, and bfloat16 has faster instructions, so that it can be more than 1"
    )


def show_ranks(result: dict[str, Any]) -> None:
    """Print what several processes gain: beside one with all cores, and beside one of them alone."""
    rows = []
    one = next((each for each in result["ranks"] if each["ranks"] == 1 and each["shards"]), None)
    for each in result["ranks"]:
        speed, shards = each["images_per_second"], each["shards"]
        gain = f"{speed / one['images_per_second'] / each['ranks']:.0%}" if one and shards else ""
        bursts = f"{each['slowest_burst']:,.0f} to {each['fastest_burst']:,.0f}"
        row = (each["ranks"], each["threads"], shards or "whole", f"{speed:,.0f}", bursts, f"{each['ms_per_step']:.1f}")
        rows.append((*row, gain))
    columns = ("ranks", "threads each", "shards", "images/s", "bursts", "ms a step", "of linear")
    terminal.print_table(columns, rows, title=f"{result['name']}, a batch of {result['batch_size']}")


def _show_steps(result: dict[str, Any], each: dict[str, Any]) -> None:
    terminal.print_table(
        ("step", "forward ms", "backward ms", "GFLOP/s", "share"),
        [
            (
                "  " * row["depth"] + " + ".join(row["layers"]),
                f"{row['forward_ms']:.2f}",
                f"{row['backward_ms']:.2f}",
                "" if row["gflops"] is None else f"{row['gflops']:.0f}",
                f"{row['share']:.1%}",
            )
            for row in each["steps"]
        ],
        title=f"{result['name']}, a batch of {result['batch_size']}: engine {_engine(each)}",
        footer=(
            "whole step",
            f"{sum(row['forward_ms'] for row in each['steps']):.2f}",
            f"{sum(row['backward_ms'] for row in each['steps']):.2f}",
            f"{each['gflops']:.0f}",
            "",
        ),
    )


def _tell_slow_ways(each: dict[str, Any]) -> None:
    """Name the steps that the engine has no way of its own for, the slowest first."""
    slow = sorted((row for row in each["steps"] if row["slow_way"]), key=lambda row: -row["share"])
    for row in slow:
        terminal.say_words(
            f"{' + '.join(row['layers'])} runs {row['slow_way']}, {row['share']:.1%} of the step: "
            f"the {each['engine']} engine has no way of its own for it"
        )


def _show_contenders(result: dict[str, Any]) -> None:
    least = {each["engine"]: each for each in reversed(result["contenders"])}  # with the fewest threads
    columns = ["engine", "images/s", "bursts", "ms a step", "GFLOP/s", "x matmul"]
    scaled = len(result["peak"]) > 1
    with_memory = "memory" in result["contenders"][0]
    columns += ["scaling"] * scaled + ["peak memory", "before"] * with_memory
    table = []
    for each in result["contenders"]:
        first = least[each["engine"]]
        row = [_engine(each), f"{each['images_per_second']:,.0f}"]
        row += [f"{each['slowest_burst']:,.0f} to {each['fastest_burst']:,.0f}", f"{each['step_ms']:,.1f}"]
        row += [f"{each['gflops']:.0f}", f"{each['of_peak']:.2f} x"]
        row += [f"{each['images_per_second'] / first['images_per_second']:.2f} x"] * scaled
        row += [_mebibytes(each["memory"][key]) for key in ("peak_bytes", "before_bytes")] if with_memory else []
        table.append(row)
    terminal.print_table(columns, table, title=f"{result['name']}: training, a batch of {result['batch_size']}")


def _engine(each: dict[str, Any]) -> str:
    """Name an engine: "compiled avx512, 2 threads"."""
    instructions = f" {each['instructions']}" if each["instructions"] else ""
    return f"{each['engine']}{instructions}, {count_of(each['threads'], 'thread')}"


def _mebibytes(count: int | None) -> str:
    return "unknown" if count is None else f"{count / 2**20:,.0f} MiB"
