package dev.tidemill.ingest;

import java.nio.charset.Charset;
import java.nio.charset.spi.CharsetProvider;
import java.util.Collections;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/// Ends the JVM at once when a document declares the character set `x-halt`: what a fault in native code or in the
/// virtual machine itself looks like from outside. Where the property `tidemill.test.halt` is not set, there is no
/// such set.
public final class HaltingCharsets extends CharsetProvider {

    static final String PROPERTY = "tidemill.test.halt";

    /// A page that ends the JVM that reads it. Its one letter beyond ASCII is no UTF-8, so the declaration decides.
    static byte[] page() {
        return "<html><head><meta charset=\"x-halt\"></head><body><p>Caf\u00e9 at the mill.</p></body></html>"
                .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    }

    @Override
    public @Nullable Charset charsetForName(String name) {
        if (name.equalsIgnoreCase("x-halt") && Boolean.getBoolean(PROPERTY)) {
            Runtime.getRuntime().halt(134);
        }
        return null;
    }

    @Override
    public Iterator<Charset> charsets() {
        return Collections.emptyIterator();
    }
}
