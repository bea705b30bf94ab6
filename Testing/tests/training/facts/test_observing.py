"""Facts of phantoms: measured, not copied."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from MedVLSAM2Lib.training.facts.facts import Facts, Visibility
from MedVLSAM2Lib.training.facts.labelled_scan import LabelledScan
from MedVLSAM2Lib.training.facts.observing import Observer
from MedVLSAM2Lib.training.facts.relations import just_above, just_below
from MedVLSAM2Lib.training.facts.sources import scan_of_phantom
from MedVLSAM2Lib.training.facts.view import seen_through
from MedVLSAM2Lib.training.phantom import FindingRequest, Part, Patient, Phantom, Phase, make_phantom
from MedVLSAM2Lib.vocabulary import Side, Vocabulary

CHEST = ((-190.0, -140.0, -50.0), (190.0, 120.0, 250.0))
ABDOMEN = ((-190.0, -140.0, -250.0), (190.0, 120.0, 30.0))


@pytest.fixture(scope="module")
def facts(scan: LabelledScan, observer: Observer) -> Facts:
    return observer.facts(scan)


def test_a_trunk_shows_chest_abdomen_and_pelvis_in_its_phase(facts: Facts) -> None:
    assert facts.regions == ("chest", "abdomen", "pelvis")
    assert facts.phase is Phase.ARTERIAL
    assert facts.modality == "CT"


def test_findings_are_measured_where_and_as_large_as_they_were_put(facts: Facts, phantom: Phantom) -> None:
    planned = {finding.name: finding for finding in phantom.findings}
    assert {finding.name for finding in facts.findings} == set(planned)
    for found in facts.findings:
        plan, measures = planned[found.name], found.measures
        assert np.allclose(measures.centre, plan.centre, atol=20.0 if found.kind == "pleural effusion" else 4.0)
        if found.kind == "pleural effusion":
            continue
        assert measures.volume_ml == pytest.approx(np.pi / 6 * np.prod(plan.size_mm) / 1000, rel=0.25)
        assert measures.diameter_mm == pytest.approx(max(plan.size_mm[:2]), abs=4.0)
        assert measures.perpendicular_mm == pytest.approx(min(plan.size_mm[:2]), abs=4.0)


def test_the_largest_finding_comes_first(facts: Facts) -> None:
    volumes = [finding.measures.volume_ml for finding in facts.findings]
    assert volumes == sorted(volumes, reverse=True)
    first, second = facts.findings_of("renal cyst", "left kidney")
    assert first.measures.volume_ml > 2 * second.measures.volume_ml


@pytest.mark.parametrize(
    ("kind", "side"),
    [("pleural effusion", Side.RIGHT), ("renal cyst", Side.LEFT), ("liver mass", None), ("bone lesion", None)],
)
def test_sides_are_the_patients(facts: Facts, kind: str, side: Side | None) -> None:
    assert {finding.side for finding in facts.findings_of(kind)} == {side}


def test_a_named_side_is_the_side_a_finding_lies_on(facts: Facts, scan: LabelledScan) -> None:
    low, high = scan.wholes["spinal canal"].bounds
    for finding in facts.findings:
        if finding.side is not None:
            assert (finding.measures.centre[0] > (low[0] + high[0]) / 2) == (finding.side is Side.RIGHT)


def test_the_brain_keeps_its_midline_where_only_a_half_is_in_view(vocabulary: Vocabulary, observer: Observer) -> None:
    requests = tuple(FindingRequest("brain mass", "brain", 9.0) for _ in range(3))
    head = scan_of_phantom(make_phantom(2, (70, 76, 76), (4.0, 3.4, 3.2), Patient(Part.HEAD, requests)), vocabulary)
    whole = observer.facts(head)
    half = observer.facts(seen_through(head, ((0.0, -130.0, -100.0), (110.0, 130.0, 140.0)), (60, 70, 34)))
    sides = {finding.name: finding.side for finding in whole.findings}
    assert {Side.RIGHT, Side.LEFT} & set(sides.values())
    assert half.findings
    assert all(
        finding.side is sides[finding.name] for finding in half.findings if finding.visibility is Visibility.WHOLE
    )


def test_the_calcified_nodule_is_dense_and_the_lytic_lesion_is_not(facts: Facts) -> None:
    assert facts.findings_of("lung nodule")[0].is_dense
    assert not facts.findings_of("bone lesion")[0].is_dense


def test_a_lesion_is_surrounded_by_the_organ_it_is_said_to_lie_in(facts: Facts, scan: LabelledScan) -> None:
    for finding in facts.findings:
        mask = scan.mask(finding.name)
        ring = ndimage.binary_dilation(mask, iterations=2) & ~mask
        organ = scan.mask(finding.organ)
        share = organ[ring].mean()
        assert share > (0.3 if finding.kind in ("renal cyst", "pleural effusion") else 0.6), finding.name


def test_an_organ_includes_its_lesions_but_a_lung_not_its_effusion(scan: LabelledScan) -> None:
    assert scan.mask("left kidney")[scan.mask("renal cyst")].all()
    assert not scan.mask("right lung")[scan.mask("pleural effusion")].any()


def test_what_was_taken_out_is_absent_only_where_its_place_is_in_view(
    facts: Facts, scan: LabelledScan, observer: Observer
) -> None:
    assert facts.visibility("spleen") is Visibility.ABSENT
    pelvis = observer.facts(seen_through(scan, ((-190.0, -140.0, -340.0), (190.0, 120.0, -200.0)), (40, 64, 64)))
    assert pelvis.visibility("spleen") is Visibility.OUT_OF_VIEW


def test_a_chest_scan_shows_the_lungs_wholly_the_liver_in_part_and_no_bladder(
    scan: LabelledScan, observer: Observer
) -> None:
    facts = observer.facts(seen_through(scan, CHEST, (64, 64, 80)))
    assert facts.regions == ("chest",)
    assert facts.visibility("liver") is Visibility.PARTLY
    assert facts.visibility("left lung") is Visibility.WHOLE
    assert facts.visibility("urinary bladder") is Visibility.OUT_OF_VIEW
    assert facts.visibility("snark") is Visibility.UNKNOWN
    assert not facts.findings_of("renal cyst")
    assert facts.findings_of("lung nodule")


def test_a_lesion_cut_by_the_field_of_view_is_measured_as_it_is_seen(scan: LabelledScan, observer: Observer) -> None:
    whole = observer.facts(scan).findings_of("renal cyst")[0]
    middle = whole.measures.centre[2]
    view = ((-190.0, -140.0, middle), (190.0, 120.0, middle + 150.0))
    seen = observer.facts(seen_through(scan, view, (60, 88, 128)))
    (cut,) = [finding for finding in seen.findings if finding.name == whole.name]
    assert cut.visibility is Visibility.PARTLY
    assert cut.measures.volume_ml == pytest.approx(whole.measures.volume_ml / 2, rel=0.2)


def test_a_lesion_of_which_next_to_nothing_is_seen_is_neither_reported_nor_denied(
    scan: LabelledScan, observer: Observer
) -> None:
    whole = observer.facts(scan).findings_of("liver mass")[0]
    view = ((-190.0, -140.0, whole.measures.high[2] - 3.0), (190.0, 120.0, 200.0))
    seen = observer.facts(seen_through(scan, view, (60, 88, 128)))
    assert not seen.findings_of("liver mass")
    assert "liver mass" in seen.hidden_kinds


def test_the_organ_below_the_right_lung_is_the_liver(facts: Facts) -> None:
    assert just_below(facts, "right lung") == "liver"
    assert just_above(facts, "liver") == "right lung"
    assert just_below(facts, "left kidney") is None


def test_a_coarser_view_measures_the_same(scan: LabelledScan, observer: Observer) -> None:
    fine, coarse = (
        observer.facts(scan),
        observer.facts(seen_through(scan, ((-190.0, -130.0, -340.0), (190.0, 130.0, 250.0)), (64, 64, 96))),
    )
    for name in ("liver", "right kidney", "left lung", "heart"):
        one, other = fine.structures[name].measures, coarse.structures[name].measures
        assert one is not None
        assert other is not None
        assert other.volume_ml == pytest.approx(one.volume_ml, rel=0.06)
        assert other.hu_mean == pytest.approx(one.hu_mean, abs=20)
