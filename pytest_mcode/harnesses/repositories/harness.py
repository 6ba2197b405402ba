"""The harness of repositories: patches that resolve an issue, judged in the image of their task."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_mcode.harnesses.demonstrations import Demonstrations
from pytest_mcode.harnesses.findings import Finding, run_check
from pytest_mcode.harnesses.limits import limits_of
from pytest_mcode.harnesses.protocol import Harness, Progress
from pytest_mcode.harnesses.repositories.conflicts import check_together
from pytest_mcode.harnesses.repositories.flags import flags_of
from pytest_mcode.harnesses.repositories.options import SINGLE, RepositoryOptions
from pytest_mcode.harnesses.repositories.patches import changed_files, without
from pytest_mcode.records import Attempt, Task, Verdict
from pytest_mcode.settings import Settings

if TYPE_CHECKING:
    from pytest_mcode.harnesses.prompting import Prompt
    from pytest_mcode.harnesses.repositories import RepositorySandbox
    from pytest_mcode.harnesses.repositories.sandbox import Repositories
    from pytest_mcode.harnesses.repositories.workbench import OwnAgentsBench

__all__ = ["REPOSITORIES", "RepositoryHarness"]

IDLE_PATCH = """\
diff --git a/mcode-doctor.txt b/mcode-doctor.txt
new file mode 100644
--- /dev/null
+++ b/mcode-doctor.txt
@@ -0,0 +1 @@
+This file changes nothing.
"""


class RepositoryHarness(Harness):
    """Judges patches by swebench's own rules, each in a fresh container."""

    name = "repositories"
    concurrent = True
    options = RepositoryOptions
    nature = "has an image of its own for each task instead of a function"
    usual_feedback = "public"
    nothing_found = "no file was changed"
    has_agents = True

    def __init__(self, *, public: bool = True) -> None:
        """Judge by public tests only where `public` says that somebody reads it."""
        self._public = public

    def configured(self, settings: Settings) -> "RepositoryHarness":
        """Return the harness that runs public tests where repairs or the choice of a sample go by them."""
        read = settings.backend != "gold" and (settings.debug_iters > 0 or settings.samples > 1)
        return type(self)(public=read or settings.backend == "none")

    def check_options(self, settings: Settings) -> None:
        """Refuse options that do not go together."""
        check_together(settings)

    def settle(
        self, settings: Settings, session_id: str, tasks: Sequence[Task], progress: Progress
    ) -> Settings:
        """Choose the sandbox where that is left to us."""
        if settings.sandbox != "auto":
            return settings
        from pytest_mcode.sandboxes import opening

        def check(name: str) -> None:
            candidate = replace(settings, sandbox=name)
            self.check_options(candidate)
            self.check_sandbox(candidate, session_id, tasks, progress)

        return replace(settings, sandbox=opening.first_that_works(check, progress))

    def shows_test(self, task: Task) -> bool:
        """Return True: a repository has tests of its own at the base commit."""
        return True

    def open_sandbox(self, settings: Settings, session_id: str) -> "RepositorySandbox":
        """Return a `RepositorySandbox`."""
        return _open(settings, session_id)

    def check_sandbox(
        self, settings: Settings, session_id: str, tasks: Sequence[Task], progress: Progress
    ) -> Mapping[str, Any]:
        """Look for swebench, its builder where images are to be built, and the engine."""
        from pytest_mcode.harnesses.repositories.building import check_builder
        from pytest_mcode.harnesses.repositories.preparation import check

        task_repo = settings.of(RepositoryOptions).task_repo
        if task_repo:
            check_builder(task_repo)
        with closing(_open(settings, session_id)) as repositories:
            return check(repositories, tasks, settings.allow_weaker, progress)

    def check_resumed(
        self,
        settings: Settings,
        session_id: str,
        tasks: Sequence[Task],
        judged: Mapping[str, Sequence[Attempt]],
    ) -> None:
        """Refuse to go on where the engine has other images than those that the run judged in."""
        from pytest_mcode.harnesses.repositories.preparation import check_same_images

        with closing(_open(settings, session_id)) as repositories:
            check_same_images(repositories, judged, tasks)

    def image_bytes(self, tasks: Sequence[Task]) -> int:
        """Return what the tasks' images take, as their registries tell, or 1 GB each."""
        from pytest_mcode.harnesses.repositories.images import PLATFORMS, needed_bytes

        names = dict.fromkeys(str(task.extra["image"]) for task in tasks)
        return needed_bytes(list(names), PLATFORMS["x86_64"])

    def prepare(
        self, settings: Settings, session_id: str, tasks: Sequence[Task], progress: Progress
    ) -> Callable[[], None] | None:
        """Build or pull the images of `tasks`; those beyond a bound on their disk while tasks run."""
        from pytest_mcode.harnesses.repositories.building import build
        from pytest_mcode.harnesses.repositories.preparation import check_limits

        own = settings.of(RepositoryOptions)
        if own.task_repo:
            build(
                own.task_repo,
                list(dict.fromkeys(task.task_id for task in tasks)),
                namespace=own.namespace,
                workers=own.max_workers,
                force=own.force_rebuild,
                progress=progress,
            )
        with closing(_open(settings, session_id)) as repositories:
            tried = any(repositories.source.image_id(task) for task in tasks)
            repositories.source.prepare(tasks, own.max_workers, progress)
            if not tried:  # else that was done when the sandbox was checked
                described = {**repositories.source.check(lambda line: None), **repositories.describe()}
                check_limits(repositories, described, tasks, settings.allow_weaker, progress)
            return repositories.source.pull_ahead(tasks)

    def remove_leftovers(self, settings: Settings, session_id: str) -> None:
        """Remove containers of the session."""
        from pytest_mcode.sandboxes import opening

        opening.remove_leftovers(settings.sandbox, session_id)

    def describe_sandbox(self, settings: Settings) -> str:
        """Return who works, sandbox, image and time limit."""
        own = settings.of(RepositoryOptions)
        agent = "" if own.agent == SINGLE else f"agent {own.agent} (up to {own.max_steps} steps), "
        return f"{agent}sandbox {settings.sandbox} each task's own (fresh), {settings.timeout:g} s"

    def prompt(
        self,
        settings: Settings,
        template: str,
        sandbox: Any = None,
        demonstrations: Demonstrations | None = None,
    ) -> "Prompt":
        """Word an issue, with names or excerpts of the repository's files, for the agent that resolves it."""
        from pytest_mcode.harnesses.repositories.prompting import repository_prompt

        own = settings.of(RepositoryOptions)
        return repository_prompt(
            sandbox.files if sandbox else None,
            agent=own.agent,
            retrieval=settings.retrieval,
            source=own.retrieval_source,
            context_window=settings.context_window,
            max_tokens=settings.max_tokens,
            own=settings.prompts,
        )

    def extract(self, completion: str, task: Task, sandbox: "RepositorySandbox") -> str | None:
        """Return the patch that a completion holds or asks for; raises `ApplyError`."""
        return sandbox.extract(completion, task)

    def judge(self, task: Task, solution: str, sandbox: "RepositorySandbox") -> Verdict:
        """Apply the patch in the task's image, run its tests, grade their output."""
        return sandbox.judge(task, solution)

    def judge_publicly(self, task: Task, solution: str, sandbox: "RepositorySandbox") -> Verdict | None:
        """Judge by what a developer without the hidden tests could see."""
        return sandbox.judge_publicly(task, solution) if self._public else None

    @contextmanager
    def workplace(self, task: Task, sandbox: "RepositorySandbox") -> "Iterator[OwnAgentsBench]":
        """Open a container of the task's image, at the base commit."""
        from pytest_mcode.harnesses.repositories.workbench import OwnAgentsBench, Workbench

        with Workbench(lambda: sandbox.open(task)) as bench:
            yield OwnAgentsBench(bench)

    def learn(self, task: Task, sandbox: "RepositorySandbox") -> Sequence[str]:
        """Find the repository's tests that the reference patch breaks; repairs are not guided by them."""
        return [f"out of date: {test}" for test in sandbox.learn_outdated_tests(task)]

    def forget(self, task: Task, sandbox: "RepositorySandbox") -> None:
        """Drop the repository's files."""
        sandbox.forget(task)

    def remarks(self, task: Task, solution: str) -> Mapping[str, Any]:
        """Return ``left_out``, graded test files that it edits, and ``flags``.

        These are what the patch does that could decide its own verdict, with the files.
        """
        _, left_out = without(solution, changed_files(task.test))
        remarks = {"left_out": left_out, "flags": flags_of(task, solution)}
        return {name: found for name, found in remarks.items() if found}

    def cluster(self, task_id: str) -> str | None:
        """Return the repository: ``django__django`` of ``django__django-11099``."""
        return task_id.rpartition("-")[0]

    @property
    def export_formats(self) -> Mapping[str, Callable[..., Mapping[str, Any]]]:
        """Return SWE-bench's predictions, and trajectories as mini-swe-agent and SWE-agent save them."""
        from pytest_mcode.harnesses.repositories import exporting

        return {
            "predictions": exporting.prediction,
            "trajectories": exporting.trajectory,
            "sweagent": exporting.sweagent_trajectory,
        }

    def examine_machine(
        self, settings: Settings, session_id: str, progress: Progress
    ) -> Generator[Finding, None, bool]:
        """Look at the engine, where there is one."""
        from pytest_mcode.harnesses.machine import check_engine

        if not settings.uses_engine:
            return True
        return (yield from run_check("engine", partial(check_engine, settings)))

    def examine_execution(
        self, settings: Settings, session_id: str, tasks: Sequence[Task], progress: Progress
    ) -> Generator[Finding, None, bool]:
        """Ask the engine for the images of `tasks`."""
        return (yield from run_check("images", partial(self._examine, settings, session_id, tasks, progress)))

    def _examine(
        self, settings: Settings, session_id: str, tasks: Sequence[Task], progress: Progress
    ) -> Iterator[Finding]:
        told = self.check_sandbox(settings, session_id, tasks, progress)
        with closing(_open(settings, session_id)) as repositories:
            for finding in repositories.source.examine(tasks):
                yield replace(finding, data={**finding.data, "sandbox": told})

    def idle_solutions(self, task: Task) -> Sequence[str]:
        """Return a patch that adds a file which nothing reads."""
        return [IDLE_PATCH]


def _open(settings: Settings, session_id: str) -> "Repositories":
    from pytest_mcode.harnesses.repositories.sandbox import Repositories
    from pytest_mcode.harnesses.repositories.sources import source_of

    own = settings.of(RepositoryOptions)
    return Repositories(
        source_of(settings, own),
        limits_of(settings),
        session_id,
        network=own.network,
        strict=own.strict,
    )


REPOSITORIES = RepositoryHarness()
