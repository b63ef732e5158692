"""What is to be said of a Dockerfile while it is built: the findings of its check."""

from seacan.api.buildkit.jobs import Prepared
from seacan.api.buildkit.messages import Position, Range, SourceInfo, StatusResponse, VertexWarning
from seacan.api.engine_builds import Builds
from seacan.build.lint import check as lint
from seacan.build.lint.findings import Finding
from seacan.build.origins import ImageOrigin
from seacan.spec import dockerignore
from seacan.spec.image import ExecutionConfig


def check(prepared: Prepared, builds: Builds) -> lint.Report:
    """Return what is to be said, with the images that are here; blocks."""

    def config(origin: ImageOrigin) -> ExecutionConfig | None:
        for image in builds.cache_images([origin.written or origin.reference]):
            return image.config.get("config") or {}
        return None

    ignored = dockerignore.parse("\n".join(prepared.excluded).encode())
    return lint.check(prepared.dockerfile, prepared.asked.wanted, ignored, config)


def status(report: lint.Report, prepared: Prepared, vertex: str) -> StatusResponse:
    """Return it as warnings of a vertex."""
    info = SourceInfo(prepared.asked.filename, prepared.dockerfile, "Dockerfile")
    return StatusResponse(warnings=tuple(_warning(e, info, vertex) for e in report.findings))


def _warning(finding: Finding, info: SourceInfo, vertex: str) -> VertexWarning:
    rule = finding.rule
    lines = Range(Position(finding.first_line), Position(finding.last_line))
    return VertexWarning(
        vertex=vertex,
        level=1,
        short=f"{rule.title}: {finding.message} (line {finding.first_line})".encode(),
        detail=(rule.description.encode(),),
        url=rule.url,
        info=info,
        ranges=(lines,),
    )
