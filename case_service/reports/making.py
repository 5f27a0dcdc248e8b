"""Makes reports and case files of a dossier; runs in a thread, since a PDF takes a second."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from case_service.confidentiality.pseudonym import pseudonym, pseudonym_key
from case_service.evidence.vault import Vault
from case_service.reports.archive import archive, files_of, manifest_of, pseudonymised_files
from case_service.reports.dossier import Dossier
from case_service.reports.pdf.case_pdf import case_pdf
from case_service.reports.pdf.stor_pdf import stor_pdf
from case_service.reports.settings import ReportSettings
from case_service.reports.stor import build
from case_service.reports.structured import JSON_SCHEMA, XSD, schema_text, to_json, to_xml

EXTENSIONS = {
    "PDF": ("pdf", "application/pdf"),
    "XML": ("xml", "application/xml"),
    "JSON": ("json", "application/json"),
}


@dataclass(frozen=True, slots=True)
class Made:
    """A file: its bytes, media type, name, and hash; the fields a person has yet to fill in."""

    content: bytes
    media_type: str
    name: str
    sha256: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes files of dossiers. `folder` takes font files and lives as long as the service."""

    settings: ReportSettings
    vault: Vault
    folder: Path

    def report(self, dossier: Dossier, kind: str, answers: Mapping[str, str], made_by: str) -> Made:
        """A suspicious transaction and order report as PDF, XML or JSON; InvalidArgument for a wrong answer."""
        stor = build(dossier, {**self.settings.answers, **answers}, made_by)
        if kind == "PDF":
            content = stor_pdf(stor, dossier, self.folder, self.settings.fonts)
        else:
            content = to_xml(stor) if kind == "XML" else to_json(stor)
        extension, media_type = EXTENSIONS[kind]
        name = f"stor-case-{dossier.case.number}.{extension}"
        return Made(content, media_type, name, hashlib.sha256(content).hexdigest(), tuple(stor.missing))

    def case_file(self, dossier: Dossier, made_by: str) -> tuple[Made, str]:
        """The whole case file, and the hash of its manifest."""
        pin = dossier.stored.pin
        evidence = {} if pin is None else {name: self.vault.get(part.sha256) for name, part in pin.parts.items()}
        if pin is not None:
            evidence["manifest.json"] = self.vault.get(pin.manifest_sha256)
        stor = build(dossier, self.settings.answers, made_by)
        documents = {
            "case.pdf": case_pdf(dossier, self.folder, self.settings.fonts, made_by),
            "stor.xml": to_xml(stor),
            "stor.json": to_json(stor),
            XSD: schema_text(XSD).encode(),
            JSON_SCHEMA: schema_text(JSON_SCHEMA).encode(),
        }
        return self._packed(dossier, files_of(dossier, evidence, documents), made_by, is_pseudonymised=False)

    def pseudonymised(self, dossier: Dossier, made_by: str) -> tuple[Made, str]:
        """The case file with pseudonyms under the service's key, and the hash of its manifest. StartError, OSError."""
        files = pseudonymised_files(dossier, partial(pseudonym, pseudonym_key(self.settings.pseudonym_key)))
        return self._packed(dossier, files, made_by, is_pseudonymised=True)

    def _packed(
        self, dossier: Dossier, files: Mapping[str, bytes], made_by: str, *, is_pseudonymised: bool
    ) -> tuple[Made, str]:
        manifest = manifest_of(dossier, files, made_by, is_pseudonymised=is_pseudonymised)
        content = archive(files, manifest)
        name = f"case-{dossier.case.number}{'-pseudonymised' if is_pseudonymised else ''}.zip"
        made = Made(content, "application/zip", name, hashlib.sha256(content).hexdigest())
        return made, hashlib.sha256(manifest).hexdigest()
