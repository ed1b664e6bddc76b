package dev.tidemill.run;

import java.util.UUID;

/// There is no such plan in the workspace.
public final class UnknownPlan extends RuntimeException {

    private static final long serialVersionUID = 1;

    UnknownPlan(UUID id, String job) {
        super("there is no plan " + id + " of " + job + ": make one with POST /actuator/jobs/" + job + "/plan");
    }
}
