package dev.tidemill.search;

/// There is no such project in the workspace.
public final class UnknownProject extends RuntimeException {

    private static final long serialVersionUID = 1;

    public UnknownProject(String project) {
        super("there is no project \"" + project + "\" in this workspace");
    }
}
