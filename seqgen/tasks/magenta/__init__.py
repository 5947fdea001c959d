"""Models that were trained with Magenta's MusicVAE (Roberts et al. 2018), as models of ours."""
