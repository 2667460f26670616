"""What is new since a commit, in real Git repositories of every shape."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from sealock.errors import SealockError, TargetError, UsageError
from sealock.model.finding import Severity
from sealock.model.report import Report
from sealock.scan.run import check
from sealock.scan.settings import Settings
from sealock.scan.since import BY, Since, check_since
from sealock.targets.earlierfiles import EarlierFiles, write_earlier
from sealock.targets.git import GitRepository
from support.gitrepositories import Work

PRIVILEGED = "services:\n  web:\n    image: nginx:1.27\n    privileged: true\n"
HOST = "services:\n  web:\n    image: nginx:1.27\n    privileged: true\n    pid: host\n"
CLEAN = "services:\n  web:\n    image: nginx:1.27\n"


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    made = Work(tmp_path / "project")
    monkeypatch.chdir(made.folder)
    made.commit({"compose.yaml": PRIVILEGED, "other/compose.yaml": PRIVILEGED, "src/main.py": "print()\n"})
    return made


def since(name: str = "main", *targets: str, **settings: object) -> Report:
    options: dict[str, object] = {"vulnerabilities": False, **settings}
    return check_since(targets or (".",), Since(name), Settings(**options))  # type: ignore[arg-type]


def new(report: Report) -> set[tuple[str, str]]:
    """The file and the rule of each finding of high severity that counts."""
    return {(finding.location.file.removeprefix("./"), finding.rule) for finding in report.findings()
            if finding.severity >= Severity.HIGH}  # fmt: skip


def branched(work: Work) -> None:
    work.git("checkout", "-q", "-b", "feature")


def test_only_what_is_new_counts_and_what_did_not_change_is_left_out(work: Work) -> None:
    branched(work)
    work.commit({"compose.yaml": HOST})
    report = since()
    assert {path for path, _ in new(report)} == {"compose.yaml"}
    assert not any(rule == "C001" for _, rule in new(report))
    assert [target.target for target in report.targets] == ["compose.yaml"]
    kept = [finding for target in report.targets for finding in target.suppressed if finding.rule == "C001"]
    assert kept[0].suppressed is not None
    assert kept[0].suppressed.by == BY
    assert any(note.startswith("only what is new since main (") for note in report.notes)
    assert report.status == 1


def test_without_a_change_nothing_is_reported(work: Work) -> None:
    branched(work)
    work.commit({"src/main.py": "print(1)\n"})
    report = since()
    assert (report.targets, report.status) == ((), 0)


def test_what_is_not_committed_yet_counts_too(work: Work) -> None:
    work.write({"compose.yaml": HOST, "new/compose.yaml": PRIVILEGED})
    found = new(since("HEAD"))
    assert {path for path, _ in found} == {"compose.yaml", "new/compose.yaml"}
    assert ("new/compose.yaml", "C001") in found


def test_a_finding_that_an_ignore_suppressed_is_new_without_it(work: Work) -> None:
    ignored = PRIVILEGED.replace("    privileged", "    # sealock: ignore[C001] it has to\n    privileged")
    work.commit({"compose.yaml": ignored})
    branched(work)
    work.commit({"compose.yaml": PRIVILEGED})
    assert ("compose.yaml", "C001") in new(since())


def test_a_policy_of_today_applies_to_both(work: Work) -> None:
    branched(work)
    work.commit({"sealock.toml": '[severity]\nC033 = "critical"\nC001 = "critical"\n', "compose.yaml": HOST})
    assert ("compose.yaml", "C001") not in new(since())
    work.commit({"other/sealock.toml": "pedantic = true\n"})
    assert {finding.rule for finding in check("other/compose.yaml", settings=Settings()).findings()} >= {"C029"}
    assert not [finding.rule for finding in since().findings() if "other/" in finding.location.file]


def test_a_renamed_file_keeps_its_findings(work: Work) -> None:
    branched(work)
    (work.folder / "moved").mkdir()
    work.git("mv", "compose.yaml", "moved/compose.yaml")
    work.commit()
    report = since()
    assert new(report) == set()
    work.commit({"moved/compose.yaml": HOST})
    assert {path for path, _ in new(since())} == {"moved/compose.yaml"}
    assert ("moved/compose.yaml", "C001") not in new(since())


def test_a_copy_of_a_file_is_new(work: Work) -> None:
    branched(work)
    work.commit({"copy/compose.yaml": PRIVILEGED})
    assert ("copy/compose.yaml", "C001") in new(since())


def test_a_deleted_file_is_no_finding_and_what_it_affects_is(work: Work) -> None:
    work.commit({"app/compose.yaml": "include: [base.yaml]\n", "app/base.yaml": PRIVILEGED})
    branched(work)
    work.commit({}, "app/base.yaml")
    report = since()
    assert [error.location.file for target in report.targets for error in target.errors] != []
    assert report.status == 2
    work.commit({}, "app/compose.yaml")
    assert since().status == 0


def test_a_change_in_an_included_file_counts_for_the_project(work: Work) -> None:
    work.commit({"app/compose.yaml": "include: [base/base.yaml]\n", "app/base/base.yaml": CLEAN})
    branched(work)
    work.commit({"app/base/base.yaml": PRIVILEGED})
    found = new(since())
    assert any(rule == "C001" for _, rule in found), found


def test_a_change_in_the_context_counts_for_the_dockerfile(work: Work) -> None:
    dockerfile = "FROM alpine:3.20@sha256:" + "0" * 64 + "\nCOPY . /app\nUSER app\n"
    work.commit({"app/Dockerfile": dockerfile, "app/.dockerignore": ".git\n.env\n", "app/x": ""})
    branched(work)
    work.commit({}, "app/.dockerignore")
    report = since()
    before = [finding.rule for target in report.targets for finding in target.counted]
    assert before, [target.target for target in report.targets]
    assert {target.target for target in report.targets} == {"app/Dockerfile"}


def test_an_error_that_was_there_before_is_a_note(work: Work) -> None:
    work.commit({"bad/compose.yaml": "services: [\n"})
    branched(work)
    work.commit({"compose.yaml": CLEAN})
    report = since()
    assert report.status == 0
    assert any(note.startswith("not readable before either: bad/compose.yaml") for note in report.notes), report.notes
    work.commit({"bad/compose.yaml": "services: [ \n"})
    assert since().status == 2


def test_the_files_that_a_text_names_exist_as_they_did_with_todays_permissions(work: Work) -> None:
    text = CLEAN + "    env_file: [settings.db]\nsecrets: {key: {file: ./key.txt}}\n"
    work.commit({"app/compose.yaml": text, "app/settings.db": "A=1\n", "app/key.txt": "x\n", "app/unnamed.db": ""})
    (work.folder / "app/key.txt").chmod(0o600)
    branched(work)
    work.commit({"app/compose.yaml": text + "# changed\n"})
    report = since("main", "app")
    assert [target.counted for target in report.targets] == [()]
    assert report.targets[0].suppressed


def test_the_function_takes_it_as_a_setting(work: Work) -> None:
    branched(work)
    work.commit({"compose.yaml": HOST})
    report = check(".", settings=Settings(since="main", vulnerabilities=False))
    assert {path for path, _ in new(report)} == {"compose.yaml"}


# Histories.


def test_a_merge_of_the_base_brings_nothing_new(work: Work) -> None:
    branched(work)
    work.commit({"mine/compose.yaml": PRIVILEGED})
    work.git("checkout", "-q", "main")
    work.commit({"theirs/compose.yaml": PRIVILEGED})
    work.git("checkout", "-q", "feature")
    assert {path for path, _ in new(since())} == {"mine/compose.yaml"}
    work.git("merge", "-q", "--no-edit", "main")
    assert {path for path, _ in new(since())} == {"mine/compose.yaml"}
    # GitHub checks a merge of the pull request into its base out, without a branch.
    work.git("checkout", "-q", "--detach", "main")
    work.git("merge", "-q", "--no-ff", "--no-edit", "feature")
    assert {path for path, _ in new(since())} == {"mine/compose.yaml"}


def test_what_the_base_removed_meanwhile_is_not_new(work: Work) -> None:
    branched(work)
    work.commit({"mine/compose.yaml": CLEAN})
    work.git("checkout", "-q", "main")
    work.commit({"compose.yaml": CLEAN})
    work.git("checkout", "-q", "feature")
    assert new(since()) == set()


def test_a_branch_of_the_remote_is_found(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    branched(work)
    work.commit({"compose.yaml": HOST})
    clone = Work(tmp_path / "clone", clone=work.folder, words=("--branch", "feature"))
    monkeypatch.chdir(clone.folder)
    assert {path for path, _ in new(since())} == {"compose.yaml"}
    with pytest.raises(TargetError, match="has no commit 'gone', here or at origin: run `git fetch origin gone`"):
        since("gone")


def test_a_shallow_clone_is_told_how_to_fetch(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    branched(work)
    for number in range(3):
        work.commit({"compose.yaml": HOST + f"# {number}\n"})
    work.git("checkout", "-q", "main")
    work.commit({"z": "1"})
    shallow = Work(tmp_path / "clone", clone=work.folder, words=("--depth", "1", "--branch", "feature"))
    monkeypatch.chdir(shallow.folder)
    with pytest.raises(TargetError, match=r"the clone is shallow: run `git fetch --unshallow origin`"):
        since()
    shallow.git("fetch", "-q", "--depth", "1", "origin", "main:refs/remotes/origin/main")
    with pytest.raises(TargetError, match=r"have no commit in common: the clone is shallow.*fetch-depth: 0"):
        since()
    shallow.git("fetch", "-q", "--unshallow", "origin")
    assert {path for path, _ in new(since())} == {"compose.yaml"}


def test_histories_without_a_common_commit_are_an_error(work: Work) -> None:
    work.git("checkout", "-q", "--orphan", "apart")
    work.commit({"compose.yaml": HOST})
    with pytest.raises(TargetError, match=r"have no commit in common$"):
        since()


def test_a_repository_without_a_commit_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = Work(tmp_path / "empty")
    monkeypatch.chdir(empty.folder)
    with pytest.raises(TargetError, match="has no commit 'main'"):
        since()


def test_a_submodule_is_compared_with_its_own_earlier_commit(work: Work, tmp_path: Path) -> None:
    inner = Work(tmp_path / "inner")
    inner.commit({"compose.yaml": PRIVILEGED})
    work.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", f"file://{inner.folder}", "lib")
    work.commit()
    branched(work)
    work.commit({"src/main.py": "print(1)\n"})
    assert new(since()) == set()
    own = Work.__new__(Work)
    own.folder = work.folder / "lib"
    own.commit({"compose.yaml": HOST})
    work.commit()
    found = new(since())
    assert {path for path, _ in found} == {"lib/compose.yaml"}
    assert ("lib/compose.yaml", "C001") not in found


def test_targets_below_the_top_and_from_below(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    branched(work)
    work.commit({"other/compose.yaml": HOST, "compose.yaml": HOST})
    assert {path for path, _ in new(since("main", "other"))} == {"other/compose.yaml"}
    assert {path for path, _ in new(since("main", "compose.yaml"))} == {"compose.yaml"}
    monkeypatch.chdir(work.folder / "other")
    assert {path for path, _ in new(since())} == {"compose.yaml"}
    assert new(since("main", compose_files=("compose.yaml",)))


# What is hostile or wrong.


@pytest.mark.parametrize("name", ["--output=x", "-c", "", "a b", "a\nb", "\x1b[31m", "--", "x" * 300])
def test_a_name_that_is_none_is_refused(work: Work, name: str) -> None:
    with pytest.raises(UsageError, match="is not the name of a branch, a tag or a commit"):
        since(name)
    assert not (work.folder / "x").exists()


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (("run:docker run x",), "is neither"),
        (("-",), "is neither"),
        (("gone.yaml",), "is neither"),
        (("/etc/hostname",), "is not in a Git repository"),
    ],
)
def test_a_target_that_is_no_file_of_a_repository_is_refused(work: Work, targets: tuple[str, ...], words: str) -> None:
    branched(work)
    with pytest.raises(SealockError, match=words):
        since("main", *targets)


def test_nothing_of_the_repository_runs(work: Work, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    script = tmp_path / "run.sh"
    script.write_text(f'#!/bin/sh\necho "$@" >> {trap}\ncat\n')
    script.chmod(0o755)
    for name in ("post-checkout", "pre-commit", "post-index-change", "reference-transaction", "post-merge"):
        hook = work.folder / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
    branched(work)
    work.commit({"compose.yaml": HOST, ".gitattributes": "* filter=evil diff=evil merge=evil export-ignore\n"})
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        hook = work.folder / ".git" / "hooks" / name
        shutil.copy(script, hook)
    for setting in (
        "core.fsmonitor", "filter.evil.smudge", "filter.evil.clean", "filter.evil.process", "diff.evil.textconv",
        "diff.evil.command", "diff.external", "core.pager", "core.editor", "core.sshCommand", "alias.diff-tree",
        "core.gitProxy", "credential.helper", "core.alternateRefsCommand", "uploadpack.packObjectsHook",
    ):  # fmt: skip
        work.git("config", setting, str(script))
    trap.unlink(missing_ok=True)
    # The trap works: git itself would run it.
    work.git("diff", "--ext-diff", "main", "--", "compose.yaml")
    assert trap.exists()
    trap.unlink()
    assert {path for path, _ in new(since())} == {"compose.yaml"}
    assert not trap.exists()


def test_a_bare_repository_inside_is_not_entered(work: Work) -> None:
    branched(work)
    work.commit({"bare/HEAD": "ref: refs/heads/main\n", "bare/config": "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
                 "bare/objects/x": "", "bare/refs/x": "", "bare/compose.yaml": PRIVILEGED})  # fmt: skip
    assert {path for path, _ in new(since("main", "bare"))} == {"bare/compose.yaml"}


def test_relative_links_are_made_again_and_absolute_ones_are_not(work: Work, tmp_path: Path) -> None:
    links = {"a.yaml": "src/main.py", "src/b.yaml": "../compose.yaml", "new/c.yaml": "../compose.yaml", "d": "src"}
    (work.folder / "new").mkdir()
    for name, target in links.items():
        (work.folder / name).symlink_to(target)
    (work.folder / "src/absolute.yaml").symlink_to(work.folder / "compose.yaml")
    commit = work.commit()
    (tmp_path / "earlier").mkdir()
    repository = GitRepository(str(work.folder))
    assert write_earlier(repository, commit, str(tmp_path / "earlier")) == []
    found = (path for path in (tmp_path / "earlier").rglob("*") if path.is_symlink())
    assert {str(path.relative_to(tmp_path / "earlier")): str(path.readlink()) for path in found} == links


def test_an_earlier_file_is_there_where_it_was(work: Work, tmp_path: Path) -> None:
    commit = work.commit()
    work.write({"new.yaml": CLEAN, "compose.yaml": HOST})
    earlier = EarlierFiles(GitRepository(str(work.folder)), str(tmp_path / "earlier"))
    (tmp_path / "earlier").mkdir()
    write_earlier(earlier.repository, commit, earlier.place)
    names = ("compose.yaml", "new.yaml", "other/compose.yaml", "gone.yaml", "other")
    assert earlier.paths(names) == tuple(
        f"{earlier.place}/{name}" for name in ("compose.yaml", "other/compose.yaml", "other")
    )
    assert [earlier.differ(name) for name in names] == [True, True, False, True, True]
    assert earlier.relative(str(work.folder / "src/main.py")) == "src/main.py"
    assert earlier.relative(f"{earlier.place}/src/main.py") == "src/main.py"
    assert earlier.relative(str(work.folder)) == "."
    assert earlier.relative("/nowhere/x") == "/nowhere/x"
    assert earlier.relative(f"{work.folder}-more/x") == f"{work.folder}-more/x"


def test_a_machine_without_git_is_an_error(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work.commit({"compose.yaml": HOST})
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(TargetError, match="needs the program git, which is not installed"):
        since()


def test_links_lead_nowhere(work: Work, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text(PRIVILEGED)
    (work.folder / "link.yaml").symlink_to("../secret.yaml")
    (work.folder / "absolute.yaml").symlink_to(tmp_path / "secret.yaml")
    (work.folder / "loop").symlink_to(".")
    work.commit()
    branched(work)
    work.commit({"compose.yaml": HOST})
    assert {path for path, _ in new(since())} == {"compose.yaml"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["project", "secret.yaml"]


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([(b"100644", b".."), (b"100644", b"ok.yaml")], id="the directory above"),
        pytest.param([(b"100644", b"."), (b"100644", b".git"), (b"100644", b".GIT")], id="git's own directory"),
        pytest.param([(b"100644", b"../../escaped"), (b"100644", b"/escaped")], id="slashes in a name"),
        pytest.param([(b"120000", b"a"), (b"40000", b"a"), (b"100644", b"a")], id="a link that is a directory too"),
        pytest.param([(b"100644", b"\xff\xfe"), (b"100644", b"a\nb")], id="names that are no text"),
        pytest.param([(b"100644", b"x" * 300)], id="a name that no file system takes"),
    ],
)
def test_a_hostile_tree_writes_nothing_outside(work: Work, tmp_path: Path, names: list[tuple[bytes, bytes]]) -> None:
    blob = bytes.fromhex(work.raw_object("blob", b"services: {a: {image: b}}\n"))
    inner = bytes.fromhex(work.raw_object("tree", b"100644 escaped\0" + blob))
    raw = b"".join(mode + b" " + name + b"\0" + (inner if mode == b"40000" else blob) for mode, name in names)
    commit = work.git("commit-tree", "-m", "x", work.raw_object("tree", raw))
    work.git("update-ref", "refs/heads/hostile", commit)
    child = work.git("commit-tree", "-m", "y", "-p", commit, "HEAD^{tree}")
    work.git("update-ref", "HEAD", child)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if ".git" not in path.parts}
    with suppress(TargetError):  # where such a file cannot be written
        assert ("compose.yaml", "C001") in new(since("hostile"))
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if ".git" not in path.parts}
    assert after == before


def test_variables_of_a_hook_do_not_lead_elsewhere(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Work(tmp_path / "other")
    other.commit({"compose.yaml": CLEAN})
    branched(work)
    work.commit({"compose.yaml": HOST})
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, str(other.folder / ".git"))
    assert {path for path, _ in new(since())} == {"compose.yaml"}


def test_a_partial_clone_is_an_error_and_fetches_nothing(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work.git("config", "uploadpack.allowFilter", "true")
    work.commit({"compose.yaml": PRIVILEGED + "# only here\n"})
    branched(work)
    work.commit({"compose.yaml": HOST})
    clone = Work(tmp_path / "clone", clone=work.folder, words=("--filter=blob:none", "--branch", "feature"))
    monkeypatch.chdir(clone.folder)
    with pytest.raises(TargetError, match=r"lacks an earlier version|missing|could not"):
        since()


def test_a_git_that_says_nothing_is_told_by_its_status(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    branched(work)
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TargetError, match=r": exit status 3$"):
        since()


def test_the_temporary_files_are_removed(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", None)
    branched(work)
    since()
    assert list(place.iterdir()) == []


def test_odd_names_of_files(work: Work) -> None:
    branched(work)
    names = [
        "a b/compose.yaml",
        "ü/compose.yaml",
        "new\nline/compose.yaml",
        "-dash/compose.yaml",
        ":(top)/compose.yaml",
    ]
    work.commit(dict.fromkeys(names, PRIVILEGED))
    found = {path for path, _ in new(since())}
    assert found == set(names)
    work.git("checkout", "-q", "-b", "next")
    work.commit({"a b/compose.yaml": HOST})
    assert {path for path, _ in new(since("feature"))} == {"a b/compose.yaml"}
