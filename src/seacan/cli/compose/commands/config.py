"""`seacan compose config`: the application in canonical form, or one thing about it."""

from __future__ import annotations

from seacan.cli.flags import Flag
from seacan.cli.values import SWITCH, TEXT
from seacan.compose.model.checks import check_container_names
from seacan.compose.model.loading import Choices
from seacan.compose.model.project import Project, with_environment_files
from seacan.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from seacan.cli.compose.composition import Composition
    from seacan.cli.flags import Values

FLAGS = (
    Flag("environment", "", SWITCH, "Print environment used for interpolation"),
    Flag("format", "", TEXT, "Format the output: yaml or json"),
    Flag("hash", "", TEXT, 'Print the digest of these services, or of all for "*"'),
    Flag("images", "", SWITCH, "Print the image names, one per line"),
    Flag("lock-image-digests", "", SWITCH, "Print a file that pins images, to put over others"),
    Flag("models", "", SWITCH, "Print the model names, one per line"),
    Flag("networks", "", SWITCH, "Print the network names, one per line"),
    Flag("no-consistency", "", SWITCH, "Don't check whether services fit together"),
    Flag("no-env-resolution", "", SWITCH, "Don't read env files of services"),
    Flag("no-interpolate", "", SWITCH, "Don't replace variables"),
    Flag("no-normalize", "", SWITCH, "Don't add what goes without saying"),
    Flag("no-path-resolution", "", SWITCH, "Don't make paths absolute"),
    Flag("output", "o", TEXT, "Save to file"),
    Flag("profiles", "", SWITCH, "Print the profile names, one per line"),
    Flag("quiet", "q", SWITCH, "Only check the application, don't print it"),
    Flag("resolve-image-digests", "", SWITCH, "Pin image tags to digests"),
    Flag("services", "", SWITCH, "Print the service names, one per line"),
    Flag("variables", "", SWITCH, "Print variables and default values"),
    Flag("volumes", "", SWITCH, "Print the volume names, one per line"),
)


def run(composition: Composition, values: Values, arguments: list[str]) -> int:
    for flag, lines in _LISTS.items():
        if values.on(flag):
            text = "".join(f"{line}\n" for line in lines(_project(composition, values, arguments)))
            _write("" if values.on("quiet") else text, "")
            return 0
    if values.text("hash"):
        text = _hashes(_project(composition, values, []), values.text("hash"))
    elif values.on("variables"):
        text = _variables(composition, values)
    else:
        text = _config(composition, values, arguments)
    if not values.on("quiet"):
        _write(text, values.text("output"))
    return 0


def _write(text: str, file: str) -> None:
    if not file:
        print(text, end="")
    elif text:
        with open(file, "w", encoding="utf-8", errors="surrogateescape") as output:
            output.write(text)


def _choices(values: Values) -> Choices:
    return Choices(
        interpolate=not values.on("no-interpolate"),
        resolve_paths=not values.on("no-path-resolution"),
    )


def _project(composition: Composition, values: Values, services: list[str]) -> Project:
    return composition.project(
        services,
        choices=_choices(values),
        normalized=not values.on("no-normalize"),
        consistent=not values.on("no-consistency"),
    )


def _environment_lines(project: Project) -> list[str]:
    return [f"{name}={value}" for name, value in sorted(project.environment.items())]


def _profiles(project: Project) -> Iterable[str]:
    services = (*project.services.values(), *project.disabled.values())
    return sorted({profile for one in services for profile in one.get("profiles", ())})


def _images(project: Project) -> Iterable[str]:
    from seacan.compose.names import image_of

    return [image_of(project, name, one) for name, one in sorted(project.services.items())]


_LISTS: dict[str, Callable[[Project], Iterable[str]]] = {
    "services": lambda project: sorted(project.services),
    "volumes": lambda project: sorted(project.volumes),
    "networks": lambda project: sorted(project.networks),
    "models": lambda project: [one["model"] for one in project.models.values() if "model" in one],
    "profiles": _profiles,
    "images": _images,
    "environment": _environment_lines,
}


def _hashes(project: Project, asked: str) -> str:
    from seacan.compose.config_hash import service_hash

    names = project.services if asked == "*" else asked.split(",")
    return "".join(f"{name} {service_hash(project.service(name))}\n" for name in sorted(names))


def _variables(composition: Composition, values: Values) -> str:
    from seacan.cli.output.table import align
    from seacan.compose.model.output import json_text, yaml_text
    from seacan.compose.model.variables import variables_of

    model = composition.application.model(Choices(interpolate=False))
    found: dict[str, dict[str, object]] = {}
    for variable in variables_of(model):
        operator = variable.operator[-1:]
        found[variable.name] = {
            "name": variable.name,
            "defaultvalue": variable.rest if operator == "-" else "",
            "presencevalue": variable.rest if operator == "+" else "",
            "required": operator == "?",
        }
    found = dict(sorted(found.items()))
    if values.text("format") == "yaml":
        return yaml_text(found)
    if values.text("format") == "json":
        names = ("Name", "DefaultValue", "PresenceValue", "Required")
        listed = {name: dict(zip(names, one.values(), strict=True)) for name, one in found.items()}
        return json_text(listed, indent=4) + "\n"
    rows = [["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"]]
    for name, one in found.items():
        required = "true" if one["required"] else "false"
        rows.append([name, required, str(one["defaultvalue"]), str(one["presencevalue"])])
    return align(rows, least=20, gap=3)


def _config(composition: Composition, values: Values, services: list[str]) -> str:
    from seacan.compose.model.kinds import anything
    from seacan.compose.model.output import json_of, json_text, written, yaml_of, yaml_text

    form = values.text("format") or "yaml"
    if form not in ("yaml", "json"):
        raise InvalidArgument(f'unsupported format "{form}"')
    if values.on("no-interpolate"):
        model = composition.application.model(
            _choices(values), normalized=not values.on("no-normalize")
        )
        model = written(model, anything, as_json=form == "json")
        return json_text(model, indent=2) if form == "json" else yaml_text(model)
    project = _project(composition, values, services)
    if not values.on("no-consistency"):
        check_container_names(project)
    if values.on("resolve-image-digests") or values.on("lock-image-digests"):
        from seacan.cli.compose.pinning import images_alone, pinned

        project = pinned(composition, project)
    if not values.on("no-env-resolution"):
        project = with_environment_files(project, composition.notices)
    if values.on("lock-image-digests"):
        project = images_alone(project)
    text = json_of(project) if form == "json" else yaml_of(project)
    return text.replace("$", "$$")
