"""Pictures and videos: inspected and cleaned at the upload, kept by the hash of their content, served as they are."""
