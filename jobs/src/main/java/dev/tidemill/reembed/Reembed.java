package dev.tidemill.reembed;

/// Names of the job and its steps.
public final class Reembed {

    /// The job's name in runs, dead letters, YAML and endpoints.
    public static final String JOB = "reembed";

    static final String CREATE = "create";
    static final String EMBED = "embed";
    static final String INDEX = "index";
    static final String QUESTIONS = "questions";
    static final String EVALUATE = "evaluate";
    static final String GATE = "gate";
    static final String SWITCH = "switch";

    private Reembed() {}

    /// What two runs may not work on at once.
    public static String subject(String project) {
        return "reembed of project " + project;
    }
}
