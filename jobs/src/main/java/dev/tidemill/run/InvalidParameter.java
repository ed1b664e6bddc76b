package dev.tidemill.run;

/// A launch gave a parameter that its job does not take, or lacks one that it needs.
public final class InvalidParameter extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    private final String parameter;

    public InvalidParameter(String parameter, String message) {
        super(message);
        this.parameter = parameter;
    }

    public String parameter() {
        return parameter;
    }
}
