// Photometry
