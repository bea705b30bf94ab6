"""Images made or changed on the fly: CT from label maps, lesions, contrasts that no scanner promised."""
