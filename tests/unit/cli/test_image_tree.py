from seacan.cli.output.image_tree import image_tree
from seacan.cli.output.watching import drawn


def test_names_and_platforms() -> None:
    def part(name: str, architecture: str, users: list[str]) -> dict[str, object]:
        platform = {"os": "linux", "architecture": architecture}
        data = {"Platform": platform, "Containers": users}
        sizes = {"Total": 3000, "Content": 1000}
        return {"ID": f"sha256:{name * 64}", "Kind": "image", "Size": sizes, "ImageData": data}

    absent = part("c", "s390x", []) | {"Available": False}
    attestation = {"ID": "sha256:" + "9" * 64, "Kind": "attestation"}
    parts = [part("a", "amd64", ["c"]), part("b", "arm64", []), absent, attestation]
    first = {
        "Id": "sha256:" + "1" * 64,
        "RepoTags": ["x:1", "x:2"],
        "Size": 6000,
        "Manifests": parts,
    }
    second = {"Id": "sha256:" + "2" * 64, "RepoTags": None, "Size": 5, "Containers": 1}
    assert image_tree([first, second]).split("\n") == [
        "IMAGE            ID             DISK USAGE   CONTENT SIZE   IN USE",
        "x:1              111111111111   6kB          2kB            yes",
        "x:2              111111111111   6kB          2kB            yes",
        "├─ linux/amd64   aaaaaaaaaaaa   3kB          1kB            yes",
        "└─ linux/arm64   bbbbbbbbbbbb   3kB          1kB            ",
        "<untagged>       222222222222   5B           0B             yes",
        "",
    ]


def test_a_picture_replaces_the_one_before() -> None:
    assert drawn("a\nb\n") == "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J"
