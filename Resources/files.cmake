# What is installed with the extension; the icon and the screenshots are for the Extensions Index and stay behind.
set(MedVLSAM2_BUNDLED_RESOURCES
  Resources/checkpoints/interactive/MODEL_CARD.md
  Resources/checkpoints/interactive/config.json
  Resources/checkpoints/interactive/model.safetensors
  Resources/report_templates/abdomen_pelvis.json
  Resources/report_templates/brain.json
  Resources/report_templates/chest.json
  Resources/report_templates/head_neck.json
  Resources/vocabulary/structures.json
  )
