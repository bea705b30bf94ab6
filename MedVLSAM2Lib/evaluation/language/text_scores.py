"""How alike two wordings are, as published reports of language models count it.

METEOR needs WordNet and BERTScore a language model, both downloads: they are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True)
class TextScores:
    """Scores of some texts, each against one reference.

    Attributes:
        count: how many texts.
        bleu: corpus BLEU, 0 to 100 (Papineni et al. 2002, by sacrebleu).
        rouge_l: mean F of the longest common subsequence, 0 to 1 (Lin 2004, by rouge-score).
    """

    count: int
    bleu: float
    rouge_l: float


def text_scores(pairs: Sequence[tuple[str, str]]) -> TextScores:
    """The scores of (text, reference) pairs, at least one."""
    # Only this suite needs them.
    import sacrebleu
    from rouge_score.rouge_scorer import RougeScorer

    texts, references = zip(*pairs, strict=True)
    scorer = RougeScorer(["rougeL"])
    rouge = fmean(scorer.score(reference, text)["rougeL"].fmeasure for text, reference in pairs)
    return TextScores(len(pairs), sacrebleu.corpus_bleu(list(texts), [list(references)]).score, rouge)
