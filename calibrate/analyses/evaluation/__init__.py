"""How well are these confidences calibrated?"""
