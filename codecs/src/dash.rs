//! DASH MPD (ISO/IEC 23009-1), static.
