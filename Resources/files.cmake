# What is installed with the extension; the icon and the screenshots are for the Extensions Index and stay behind.
set(MedVLSAM2_BUNDLED_RESOURCES
  Resources/checkpoints/interactive/MODEL_CARD.md
  Resources/checkpoints/interactive/config.json
  Resources/checkpoints/interactive/model.safetensors
  )
