package dev.tidemill.admin;

import java.util.UUID;

/// The workspace made at the first start; the first API key belongs to it.
public record StartWorkspace(UUID id) {}
