# SPDX-License-Identifier: Apache-2.0
"""What a run comes to: the cases in a test's output, the skips that were to be expected, a verdict."""

import re
import signal
import xml.etree.ElementTree as xml
from dataclasses import dataclass

PASS, FAIL, NO_VERDICT = "PASS", "FAIL", "NO VERDICT"

# Without doctest's own JUnit: that knows no reasons of skips, leaves out what FAIL() says, and is
# not written at all when the kernel dies halfway.
DOCTEST_ARGUMENTS = ("--reporters=console", "--no-intro=true", "--duration=true", "--no-colors=true")
HEAD = re.compile(r"={79}\n(?P<file>\S+):\d+:\n(?:TEST SUITE: .*\n)?(?:TEST CASE:  .*\n|  Scenario: .*\n)"
                  r"(?:  .*\n)*(?:\nDEEPEST SUBCASE STACK .*\n(?:  .*\n)*)?\n")
END = re.compile(r"^(?P<seconds>\d+\.\d{6}) s: (?P<name>.*)\n", re.MULTILINE)
SKIP = re.compile(r"^SKIP: (.*)$", re.MULTILINE)
ERROR = re.compile(r"(?:^|:\d+: )(?:FATAL )?ERROR: ", re.MULTILINE)
TOTAL = re.compile(r"^\[doctest\] test cases: +(\d+) \| +\d+ passed \| +(\d+) failed", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    name: str
    file: str  # as the compiler was given it
    seconds: float
    output: str  # without the heads that doctest gives it
    failed: bool
    skips: tuple[str, ...]  # the reasons, each once; a case may skip a part and check the rest

    def skip_lines(self):
        return [f"{self.name}: {reason}" for reason in self.skips]


def cases(log):
    """The cases that came to their end."""
    found, start = [], 0
    for end in END.finditer(log):
        text = log[start:end.start()]
        start = end.end()
        if head := HEAD.search(text):
            output = HEAD.sub("", text)
            found.append(Case(end["name"], head["file"], float(end["seconds"]), output,
                              bool(ERROR.search(output)), tuple(dict.fromkeys(SKIP.findall(output)))))
    return found


def skipped(log):
    """The names of the cases that skipped something, in a log with durations and anything between."""
    found = cases(log)
    if not found:
        raise ValueError("the log has no case: is it one of --duration=true?")
    return [case.name for case in found if case.skips]


def filter_of(names):
    """doctest's argument for these cases and no other."""
    return "--test-case=" + ",".join(name.replace("\\", r"\\").replace(",", r"\,") for name in names)


def not_run(found, names):
    """What to say of cases that were asked for by name."""
    ran = {case.name for case in found}
    return [f"asked for, and did not run: {name}" for name in names if name not in ran]


def complete(log, found):
    """Whether `found` is all that doctest counted."""
    total = TOTAL.search(log)
    return total and (int(total[1]), int(total[2])) == (len(found), sum(c.failed for c in found))


def condensed(log):
    """The log as a person wants it: the head of a case only where something went wrong."""
    return re.sub(HEAD.pattern.replace("?P<file>", "?:") + r"(?=\d+\.\d{6} s: )", "", log)


def status_lines(text):
    """{"release": ..., "exit": ...}, and "problem": a list."""
    status = {"problem": []}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key == "problem":
            status[key].append(value)
        else:
            status[key] = value
    return status


def read_skips(path):
    """{a line of a list of skips: the comments above it, which start with a #}."""
    skips, comments = {}, ""
    for line in path.read_text().splitlines() if path.exists() else ():
        if line.startswith("#"):
            comments += f"{line}\n"
        elif line:
            skips[line], comments = comments, ""
    return skips


def write_skips(path, found):
    """Replaces the list; a line that stays keeps its comments."""
    comments = read_skips(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{comments.get(line, '')}{line}\n"
                            for case in found for line in case.skip_lines()))


def skip_differences(found, expected, all_ran):
    """What was skipped and is not on the list, and the other way round."""
    skipped = [line for case in found for line in case.skip_lines()]
    for line in skipped:
        if line not in expected:
            yield f"skipped, and not on the list: {line}"
    for line in expected:
        if line not in skipped:
            if any(line.startswith(f"{case.name}: ") for case in found):
                yield f"on the list of skips, and not skipped: {line}"
            elif all_ran:
                yield f"on the list of skips, and no case of that name ran: {line}"


def exit_status(status):
    """With the signal's name where the shell says that there was one."""
    try:
        return f"{status} ({signal.Signals(status - 128).name})"
    except ValueError:
        return str(status)


def judge(report, status, log, found, differences):
    """(verdict, the reasons for it)."""
    console = report.console.decode(errors="replace")
    if "end" not in status:
        if panic := re.search(r"Kernel panic.*", console):
            return NO_VERDICT, [panic[0]]
        if not report.ended:
            return NO_VERDICT, [f"still running after {report.seconds:.0f} s"]
        return NO_VERDICT, [report.qemu.strip() or "the guest went away"]
    reasons = [f"failed: {case.name}" for case in found if case.failed]
    if status["exit"] != "0":
        reasons.append(f"the exit status is {exit_status(int(status['exit']))}")
    if status["tainted"] != "0":
        reasons.append(f"the kernel is tainted ({status['tainted']})")
    reasons += status["problem"]
    if reasons:
        return FAIL, reasons + list(differences)
    if not complete(log, found):
        return NO_VERDICT, ["part of the test's output is lost"]
    if not found:
        return FAIL, ["no case ran"]
    return (FAIL if differences else PASS), list(differences)


def printable(text):
    return re.sub(r"[^\t\n -\ud7ff\ue000-\ufffd]", "?", text)


def junit(kernel, found, verdict, reasons, seconds):
    """The cases as JUnit has it; what is no case's fault is a case of its own, "verdict"."""
    suite = xml.Element("testsuite", name=f"kernel {kernel}", time=f"{seconds:.1f}",
                        tests=str(len(found) + 1),
                        failures=str(sum(case.failed for case in found) + (verdict != PASS)),
                        skipped=str(sum(bool(case.skips) for case in found)))
    for case in found:
        element = xml.SubElement(suite, "testcase", classname=f"{kernel}.{case.file}",
                                 name=case.name, time=str(case.seconds))
        if case.failed:
            xml.SubElement(element, "failure").text = printable(case.output)
        elif case.skips:
            xml.SubElement(element, "skipped", message=printable("; ".join(case.skips)))
    element = xml.SubElement(suite, "testcase", classname=kernel, name="verdict")
    if verdict != PASS:
        xml.SubElement(element, "failure", message=verdict).text = printable("\n".join(reasons))
    xml.indent(suite)
    return xml.tostring(suite, encoding="utf-8", xml_declaration=True)
