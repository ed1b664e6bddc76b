package dev.tidemill.admin.security;

import java.util.List;

/// What a key may be allowed to do.
public final class Scopes {

    /// search and ask
    public static final String READ = "read";
    /// hand in documents
    public static final String WRITE = "write";
    /// operate: runs, jobs, scores of a search
    public static final String ADMIN = "admin";

    public static final List<String> ALL = List.of(READ, WRITE, ADMIN);

    private Scopes() {}

    /// The authority that a scope becomes.
    public static String authority(String scope) {
        return "SCOPE_" + scope;
    }
}
