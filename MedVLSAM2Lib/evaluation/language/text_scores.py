"""How alike two wordings are, as published reports of language models count it.

BERTScore, and every kept library that computes it, needs a language model that would have to be downloaded: it is left out.
"""

from __future__ import annotations

import re
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
        meteor: mean METEOR, 0 to 1, of equal words and equal stems (the first two modules of Banerjee and Lavie 2005, by
            nltk); its third, synonyms, would need WordNet, which is a download.
    """

    count: int
    bleu: float
    rouge_l: float
    meteor: float


class _NoSynonyms:
    """A WordNet in which no word has any."""

    def synsets(self, word: str) -> list[object]:
        return []


def text_scores(pairs: Sequence[tuple[str, str]]) -> TextScores:
    """The scores of (text, reference) pairs, at least one."""
    # Only this suite needs them.
    import sacrebleu
    from nltk.translate.meteor_score import single_meteor_score
    from rouge_score.rouge_scorer import RougeScorer

    texts, references = zip(*pairs, strict=True)
    scorer = RougeScorer(["rougeL"])
    rouge = fmean(scorer.score(reference, text)["rougeL"].fmeasure for text, reference in pairs)
    meteor = fmean(
        single_meteor_score(_words(reference), _words(text), wordnet=_NoSynonyms()) for text, reference in pairs
    )
    return TextScores(len(pairs), sacrebleu.corpus_bleu(list(texts), [list(references)]).score, rouge, meteor)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)
