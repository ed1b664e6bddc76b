package dev.tidemill.extract;

import java.io.FilterReader;
import java.io.IOException;
import java.io.Reader;

/// Escapes every reference to an entity other than the five of XML itself, so that a parser which must not read the
/// declarations takes the reference for text instead of failing on it.
final class EntityFilter extends FilterReader {

    private static final int MAX_NAME = 64;
    private static final String CDATA = "<![CDATA[";

    private final char[] pending = new char[MAX_NAME + 16];
    private int pendingStart;
    private int pendingEnd;
    private int cdataMatched;
    private int cdataClosing;
    private boolean inCdata;

    EntityFilter(Reader in) {
        super(in);
    }

    @Override
    public int read() throws IOException {
        if (pendingStart < pendingEnd) {
            return pending[pendingStart++];
        }
        int c = in.read();
        if (c == '&' && !inCdata) {
            return reference();
        }
        follow(c);
        return c;
    }

    @Override
    public int read(char[] buffer, int offset, int length) throws IOException {
        int count = 0;
        while (count < length) {
            int c = read();
            if (c < 0) {
                return count == 0 ? -1 : count;
            }
            buffer[offset + count++] = (char) c;
        }
        return count;
    }

    /// Takes in the name after an ampersand and decides whether the ampersand is to be escaped.
    private int reference() throws IOException {
        StringBuilder name = new StringBuilder();
        int c = in.read();
        while (c >= 0 && name.length() < MAX_NAME && (Character.isLetterOrDigit(c) || "#_.:-".indexOf(c) >= 0)) {
            name.append((char) c);
            c = in.read();
        }
        String entity = name.toString();
        boolean known = c == ';'
                && (entity.startsWith("#")
                        || switch (entity) {
                            case "amp", "lt", "gt", "quot", "apos" -> true;
                            default -> false;
                        });
        String rest = (known ? "" : "amp;") + entity;
        rest.getChars(0, rest.length(), pending, 0);
        pendingStart = 0;
        pendingEnd = rest.length();
        if (c >= 0) {
            pending[pendingEnd++] = (char) c;
            follow(c);
        }
        return '&';
    }

    private void follow(int c) {
        if (inCdata) {
            if (c == '>' && cdataClosing >= 2) {
                inCdata = false;
            }
            cdataClosing = c == ']' ? cdataClosing + 1 : 0;
        } else if (c == CDATA.charAt(cdataMatched)) {
            if (++cdataMatched == CDATA.length()) {
                inCdata = true;
                cdataMatched = 0;
                cdataClosing = 0;
            }
        } else {
            cdataMatched = c == '<' ? 1 : 0;
        }
    }
}
