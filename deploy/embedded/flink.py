"""A Flink JobManager and TaskManager from PyFlink's own jars, in the same form as on a cluster."""

import hashlib
import json
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from deploy.embedded import jars
from deploy.embedded.children import BEHIND_PAYMENTS, Launch
from deploy.embedded.errors import StackError
from deploy.embedded.flink_rest import FlinkRest
from deploy.embedded.home import PROJECT, Home, read_json, write_json
from deploy.embedded.java import QUICK_START, ClassArchives, java, java_home
from deploy.embedded.ports import LOOPBACK

LOG_CONFIG = Path(__file__).parent / "flink-log4j.properties"
INSTANCE_KEY = "faregate.instance"
JOBMANAGER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
JOBMANAGER_NAME = "flink-jobmanager"
TASKMANAGER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
CLIENT = "org.apache.flink.client.cli.CliFrontend"

# Every call into Python ends with an exception inside Java, and its cost is the depth of the stack.
SHORT_TRACES = "-XX:MaxJavaStackTraceDepth=32"

SETTINGS = {
    "jobmanager.rpc.address": LOOPBACK,
    "jobmanager.bind-host": LOOPBACK,
    "jobmanager.memory.process.size": "768m",
    "taskmanager.host": LOOPBACK,
    "taskmanager.bind-host": LOOPBACK,
    "taskmanager.numberOfTaskSlots": "1",
    "taskmanager.memory.process.size": "1100m",
    "taskmanager.memory.managed.size": "64m",
    "taskmanager.memory.network.min": "32m",
    "taskmanager.memory.network.max": "32m",
    "cluster.registration.error-delay": "200",
    "cluster.registration.refused-registration-delay": "500",
    "parallelism.default": "1",
    "rest.address": LOOPBACK,
    "rest.bind-address": LOOPBACK,
    "heartbeat.interval": "500",
    "heartbeat.timeout": "3000",
    "restart-strategy.type": "exponential-delay",
    "restart-strategy.exponential-delay.initial-backoff": "200 ms",
    "restart-strategy.exponential-delay.max-backoff": "5 s",
    "execution.checkpointing.interval": "5 s",
    "execution.checkpointing.min-pause": "500 ms",
    "execution.checkpointing.timeout": "60 s",
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    "execution.checkpointing.num-retained": "3",
    "execution.checkpointing.tolerable-failed-checkpoints": "10",
    "execution.buffer-timeout.interval": "1 ms",
    "metrics.fetcher.update-interval": "1000",  # only when somebody looks; ten seconds would be old news
    "state.backend.type": "hashmap",
    "pipeline.object-reuse": "true",
    "python.execution-mode": "thread",
    "python.fn-execution.bundle.time": "10",
    "cluster.evenly-spread-out-slots": "false",
    "web.submit.enable": "false",
}


@dataclass(frozen=True, kw_only=True)
class Flink:
    home: Home
    port: int
    rpc_port: int
    jar_folder: Path
    archives: ClassArchives
    env: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)  # over ours

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def rest(self) -> FlinkRest:
        return FlinkRest(url=self.url)

    @property
    def checkpoints(self) -> Path:
        return self.home.flink / "checkpoints"

    @property
    def _conf(self) -> Path:
        return self.home.flink / "conf"

    def prepare(self) -> None:
        for folder in (self._conf, self.checkpoints, self.home.flink / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}: {json.dumps(value)}\n" for name, value in self._settings().items()]
        (self._conf / "config.yaml").write_text("".join(lines))

    def _settings(self) -> dict[str, str]:
        tmp = str(self.home.flink / "tmp")
        return SETTINGS | {
            INSTANCE_KEY: self.home.key,
            "jobmanager.rpc.port": str(self.rpc_port),
            "rest.port": str(self.port),
            "rest.bind-port": str(self.port),
            "io.tmp.dirs": tmp,
            "web.tmpdir": tmp,
            "execution.checkpointing.dir": self.checkpoints.as_uri(),
            "pipeline.jars": ";".join(path.as_uri() for path in jars.paths("flink", self.jar_folder)),
            "python.executable": sys.executable,
            "python.client.executable": sys.executable,
            "env.java.opts.all": " ".join(module_options()),
            **self.settings,
        }

    def jobmanager(self) -> Launch:
        return self._process(JOBMANAGER_NAME, JOBMANAGER, "GET_JM_RESOURCE_PARAMS")

    def taskmanager(self, number: int = 0) -> Launch:
        name = f"flink-taskmanager-{number}" if number else "flink-taskmanager"
        return self._process(name, TASKMANAGER, "GET_TM_RESOURCE_PARAMS")

    def _process(self, name: str, main: str, question: str) -> Launch:
        jvm_options, settings = self._computed(question)
        return Launch(
            name=name,
            argv=(*self._java(name), *jvm_options, main, "--configDir", str(self._conf), *settings),
            env=self._environment(),
            cwd=self.home.flink,
            log=self.home.logs / f"{name}.log",
            niceness=BEHIND_PAYMENTS,
        )

    def client(self, *arguments: str) -> Launch:
        """Flink's own command line, as `flink` would start it."""
        return Launch(
            name="flink-client",
            argv=(*self._java("flink-client"), "-Xmx256m", CLIENT, *arguments),
            env=self._environment(),
            cwd=PROJECT,
            log=self.home.logs / "flink-client.log",
        )

    def _java(self, name: str) -> list[str]:
        class_path = self._class_path()
        log = f"-Dlog4j.configurationFile={LOG_CONFIG.as_uri()}"
        # What compiles code while it runs finds no interfaces in archived classes: it gets Java's own only.
        archived = (
            self.archives.options(name, class_path) if name == JOBMANAGER_NAME else self.archives.base()
        )
        return [
            java(),
            *QUICK_START,
            SHORT_TRACES,
            *archived,
            *module_options(),
            log,
            "-cp",
            ":".join(map(str, class_path)),
        ]

    def _class_path(self) -> list[Path]:
        package = pyflink_folder()
        own = sorted((package / "lib").glob("*.jar"), key=lambda path: path.name.startswith("flink-dist"))
        python = sorted((package / "opt").glob("flink-python*.jar"))
        return [*python, *jars.paths("flink", self.jar_folder), *own]

    def _environment(self) -> dict[str, str]:
        package = pyflink_folder()
        return {
            **self.env,
            "JAVA_HOME": str(java_home()),
            "FLINK_HOME": str(package),
            "FLINK_CONF_DIR": str(self._conf),
            "FLINK_LIB_DIR": str(package / "lib"),
            "FLINK_OPT_DIR": str(package / "opt"),
            "FLINK_PLUGINS_DIR": str(package / "plugins"),
            "FLINK_LOG_DIR": str(self.home.logs),
            # The interpreter inside the TaskManager does not see a virtual environment by itself.
            "PYTHONPATH": f"{sysconfig.get_path('purelib')}:{PROJECT}",
        }

    def _computed(self, question: str) -> tuple[list[str], list[str]]:
        """What Flink's scripts ask its own program for: JVM options and computed settings.

        Asking takes a second of a core, so the answer is kept for as long as the settings stay the same.
        """
        cache = self._conf / f"{question.lower()}.json"
        stamp = hashlib.sha256((self._conf / "config.yaml").read_bytes()).hexdigest()
        known = read_json(cache)
        if known.get("stamp") != stamp:
            options, settings = self._ask(question)
            known = {"stamp": stamp, "options": options, "settings": settings}
            write_json(cache, known)
        return known["options"], known["settings"]

    def _ask(self, question: str) -> tuple[list[str], list[str]]:
        package = pyflink_folder()
        dist = next((package / "lib").glob("flink-dist*.jar"))
        classpath = f"{package / 'bin' / 'bash-java-utils.jar'}:{dist}"
        program = "org.apache.flink.runtime.util.bash.BashJavaUtils"
        done = subprocess.run(
            [java(), *QUICK_START, "-cp", classpath, program, question, "--configDir", str(self._conf)],
            capture_output=True,
            text=True,
            check=False,
            env=self._environment(),
        )
        mark = "BASH_JAVA_UTILS_EXEC_RESULT:"
        found = [line.removeprefix(mark) for line in done.stdout.splitlines() if line.startswith(mark)]
        if len(found) != 2:
            raise StackError(f"Flink cannot work out its memory layout: {done.stdout} {done.stderr}")
        return found[0].split(), found[1].split()


def pyflink_folder() -> Path:
    """Found without importing the package, which takes seconds."""
    spec = find_spec("pyflink")
    if spec is None or spec.origin is None:
        raise StackError("The package apache-flink is not installed. Run `make install`.")
    return Path(spec.origin).parent


def module_options() -> list[str]:
    """The --add-opens and --add-exports of Flink's own configuration, needed on Java 17 and later."""
    text = (pyflink_folder() / "conf" / "config.yaml").read_text()
    options = [word for word in text.split() if word.startswith(("--add-opens=", "--add-exports="))]
    return [*options, "-Djava.security.manager=allow"]
