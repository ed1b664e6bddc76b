package dev.tidemill.run;

import java.util.Collection;

/// There is no job of that name.
public final class UnknownJob extends RuntimeException {

    private static final long serialVersionUID = 1;

    UnknownJob(String name, Collection<String> known) {
        super("there is no job \"" + name + "\"; there are " + String.join(", ", known));
    }
}
