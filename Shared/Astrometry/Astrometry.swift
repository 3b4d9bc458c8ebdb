// Astrometry
