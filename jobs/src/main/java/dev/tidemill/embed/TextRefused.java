package dev.tidemill.embed;

/// A text that the model does not take: no further try will help.
public final class TextRefused extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    public TextRefused(String message) {
        super(message);
    }
}
