"""What is known of the parts of models that come in one file.

Names and shapes of tensors do not tell how many heads an attention has, by what factor a VAE
scales or what schedule a model was trained with. One module for each base has these facts.
"""
