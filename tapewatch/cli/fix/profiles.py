"""`tapewatch fix profiles`: the mapping profiles that come with Tapewatch."""

import typer

from tapewatch.cli.output import print_json, print_table
from tapewatch.fix.profile import load_profile, shipped_profiles


def list_profiles(json_output: bool = typer.Option(False, "--json", help="One JSON document.")) -> None:
    """The mapping profiles that come with Tapewatch: `profile:` of a FIX session names one, or a file of yours."""
    profiles = [load_profile(name) for name in shipped_profiles()]
    if json_output:
        print_json([profile.model_dump(mode="json") for profile in profiles])
        return
    print_table(("profile", "for"), [(profile.name, profile.description) for profile in profiles])
