"""BrandCloud's company order API: ``001_18dc223c6c61373e.txt``."""
