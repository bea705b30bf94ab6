"""The report's measurements as a DICOM Structured Report (TID 1500), beside the SEG they were taken from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from MedVLSAM2Lib.report.codes import Code
from MedVLSAM2Lib.report.exporters.dicom_segmentation import ARTIFICIAL_INTELLIGENCE
from MedVLSAM2Lib.report.exporters.dicom_source import SourceSeries
from MedVLSAM2Lib.report.exporters.dicom_support import (
    MAKER,
    UNSIGNED_PERSON,
    DicomExportError,
    common,
    concept,
    long,
    new_uid,
    short,
    told_in_one_sentence,
)
from MedVLSAM2Lib.report.layout import SectionKey
from MedVLSAM2Lib.report.measurements import Measurement as Measured
from MedVLSAM2Lib.report.quantities import Quantity
from MedVLSAM2Lib.report.report import DRAFT_MARK, ModelIdentity, Report, ReportSegment
from MedVLSAM2Lib.report.side import LATERALITY
from MedVLSAM2Lib.report.templates import Template

if TYPE_CHECKING:
    from highdicom.seg import Segmentation
    from highdicom.sr import (
        AlgorithmIdentification,
        Comprehensive3DSR,
        FindingSite,
        Measurement,
        ObservationContext,
        TextContentItem,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )

COMMENT = Code("121106", "DCM", "Comment")
SECTION_CODES = {
    SectionKey.INDICATION: Code("121109", "DCM", "Indications for Procedure"),
    SectionKey.TECHNIQUE: Code("121065", "DCM", "Procedure Description"),
    SectionKey.FINDINGS: Code("121071", "DCM", "Finding"),
    SectionKey.IMPRESSION: Code("121073", "DCM", "Impression"),
}
_PROCEDURE = Code("25045-6", "LN", "CT unspecified body region")
_SERIES_NUMBER = 5902
_SEEN_ON_ONE_SLICE = (Quantity.LONG_AXIS, Quantity.SHORT_AXIS)


def make_structured_report(
    report: Report, template: Template, segmentation: Segmentation, series: SourceSeries
) -> Comprehensive3DSR:
    """A Comprehensive 3D SR with one measurement group for each segment of ``segmentation``.

    It is partial, preliminary and unverified, and nobody has signed it: the person observer is a placeholder beside the device.
    Sentences stand as text: findings of one segment in its group, the others under the root, and after them what was looked
    for and not found.

    Args:
        report: whose measurements and standing sentences are written.
        template: names the procedure by modality.
        segmentation: as ``make_segmentation`` made it of the same report.
        series: where the volume came from.

    Raises:
        DicomExportError: the segmentation is not of this report.
    """
    from highdicom.sr import Comprehensive3DSR, MeasurementReport

    segments = {str(item.TrackingID): item for item in segmentation.SegmentSequence}
    by_name = {short(segment.segment_id): segment for segment in report.segments.values()}
    if not segments.keys() <= by_name.keys():
        raise DicomExportError("The segmentation is not this report's; export both together.")
    with told_in_one_sentence():
        groups = [_group(report, by_name[name], segmentation, series) for name in segments]
        content = MeasurementReport(
            observation_context=_observers(report.model),
            procedure_reported=concept(template.procedures.get(series.modality, _PROCEDURE)),
            imaging_measurements=groups,
            # highdicom describes single frames only; a multi-frame image is in the evidence all the same.
            referenced_images=None if series.is_multi_frame else list(series.datasets),
        )
        content[0].ContentSequence.extend(_texts_of_root(report, {by_name[name].segment_id for name in segments}))
        return Comprehensive3DSR(
            evidence=[segmentation, *series.datasets],
            content=content[0],
            series_instance_uid=new_uid(),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=new_uid(),
            instance_number=1,
            is_complete=False,
            is_final=False,
            is_verified=False,
            **common(report.model),
        )


def _observers(model: ModelIdentity | None) -> ObservationContext:
    from highdicom.sr import (
        DeviceObserverIdentifyingAttributes,
        ObservationContext,
        ObserverContext,
        PersonObserverIdentifyingAttributes,
    )
    from pydicom.sr.codedict import codes

    device = DeviceObserverIdentifyingAttributes(
        new_uid(),
        name=MAKER,
        manufacturer_name=MAKER,
        model_name=f"{model.name} {model.version}" if model else MAKER,
        serial_number=model.checkpoint_sha256 if model else None,
    )
    return ObservationContext(
        observer_person_context=ObserverContext(codes.DCM.Person, PersonObserverIdentifyingAttributes(UNSIGNED_PERSON)),
        observer_device_context=ObserverContext(codes.DCM.Device, device),
    )


def _group(
    report: Report, segment: ReportSegment, segmentation: Segmentation, series: SourceSeries
) -> VolumetricROIMeasurementsAndQualitativeEvaluations:
    from highdicom.sr import (
        QualitativeEvaluation,
        ReferencedSegment,
        TrackingIdentifier,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )

    (item,) = (one for one in segmentation.SegmentSequence if str(one.TrackingID) == short(segment.segment_id))
    side = segment.measurements.side
    group = VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=item.TrackingUID, identifier=short(segment.name)),
        referenced_segment=ReferencedSegment.from_segmentation(segmentation, int(item.SegmentNumber)),
        finding_category=concept(segment.code.category),
        finding_type=concept(segment.code.type),
        finding_sites=_sites(segment),
        algorithm_id=_algorithm(report.model),
        measurements=[_measurement(one, series) for one in segment.measurements.measurements.values()],
        qualitative_evaluations=None
        if side is None
        else [QualitativeEvaluation(concept(LATERALITY), concept(side.side.code))],
    )
    group[0].ContentSequence.extend(_texts_of_segment(report, segment))
    return group


def _sites(segment: ReportSegment) -> list[FindingSite] | None:
    from highdicom.sr import FindingSite

    code = segment.code
    if code.region is None:
        return None
    laterality = None if code.region_modifier is None else concept(code.region_modifier)
    return [FindingSite(concept(code.region), laterality=laterality)]


def _algorithm(model: ModelIdentity | None) -> AlgorithmIdentification | None:
    from highdicom.sr import AlgorithmIdentification

    if model is None:
        return None
    parameters = [f"checkpoint_sha256={model.checkpoint_sha256}"]
    return AlgorithmIdentification(model.name, model.version, parameters, concept(ARTIFICIAL_INTELLIGENCE))


def _measurement(measured: Measured, series: SourceSeries) -> Measurement:
    from highdicom.sr import Measurement, SourceImageForMeasurement

    definition, place = measured.definition, measured.evidence.place
    images = None
    if measured.quantity in _SEEN_ON_ONE_SLICE and place is not None:
        image, frame = series.image_at(place.ras)
        frames = None if frame is None else [frame]
        images = [SourceImageForMeasurement(image.SOPClassUID, image.SOPInstanceUID, frames)]
    return Measurement(
        name=concept(definition.concept),
        value=measured.value,
        unit=concept(definition.unit),
        derivation=None if definition.derivation is None else concept(definition.derivation),
        method=None if definition.method is None else concept(definition.method),
        referenced_images=images,
    )


def _texts_of_segment(report: Report, segment: ReportSegment) -> Iterator[TextContentItem]:
    for statement in report.standing():
        if statement.section is SectionKey.FINDINGS and statement.segment_ids == (segment.segment_id,):
            yield _text(COMMENT, report.text_of(statement))


def _texts_of_root(report: Report, exported: set[str]) -> Iterator[TextContentItem]:
    yield _text(COMMENT, DRAFT_MARK)
    for statement in report.standing():
        of_one = len(statement.segment_ids) == 1 and statement.segment_ids[0] in exported
        if statement.section is not SectionKey.FINDINGS or not of_one:
            yield _text(SECTION_CODES[statement.section], report.text_of(statement))
    for system in (*report.layout.systems, report.layout.other):
        if not_found := report.not_found_sentence(system):
            yield _text(SECTION_CODES[SectionKey.FINDINGS], f"{system.title}: {not_found}")


def _text(name: Code, value: str) -> TextContentItem:
    from highdicom.sr import RelationshipTypeValues, TextContentItem

    return TextContentItem(concept(name), long(value), RelationshipTypeValues.CONTAINS)
