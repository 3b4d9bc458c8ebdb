// LightCurves
