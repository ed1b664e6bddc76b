package dev.tidemill.extract;

import dev.tidemill.document.BlockKind;
import dev.tidemill.document.RefusalReason;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.james.mime4j.MimeException;
import org.apache.james.mime4j.codec.DecodeMonitor;
import org.apache.james.mime4j.codec.DecoderUtil;
import org.apache.james.mime4j.stream.BodyDescriptor;
import org.apache.james.mime4j.stream.EntityState;
import org.apache.james.mime4j.stream.Field;
import org.apache.james.mime4j.stream.MimeConfig;
import org.apache.james.mime4j.stream.MimeTokenStream;
import org.jspecify.annotations.Nullable;

/// Mails and mailboxes: subject, sender, receivers, date, and the text of the message and of what is attached to it
/// as text. Of alternatives the plain one is taken. Other attachments are only named.
final class MailText {

    private static final int MAX_MESSAGE = 32 * 1024 * 1024;
    private static final int MAX_DEPTH = 20;
    private static final int MAX_NAMES = 50;
    private static final Pattern FILE_NAME = Pattern.compile("(?i)(?:file)?name\\*?\\s*=\\s*\"?([^\";\\r\\n]{1,200})");

    private final BlockSink sink;
    private final Deque<Alternatives> multiparts = new ArrayDeque<>();
    private final List<String> attachments = new ArrayList<>();
    private final Map<String, String> outermost = new LinkedHashMap<>();
    private Map<String, String> fields = new LinkedHashMap<>();
    private boolean ofMessage;
    private int messages;

    /// What was met of a `multipart`; only one of alternatives is kept.
    private static final class Alternatives {
        final boolean alternative;

        @Nullable
        String plain;

        @Nullable
        String html;

        Alternatives(boolean alternative) {
            this.alternative = alternative;
        }
    }

    private MailText(BlockSink sink) {
        this.sink = sink;
    }

    static Found read(Path file, BlockSink sink) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            MailText mail = new MailText(sink);
            mail.message(in);
            return mail.found(Format.MAIL);
        }
    }

    /// Each message of a mailbox on its own; one that cannot be parsed does not hide the others.
    static Found readMailbox(Path file, BlockSink sink) throws IOException {
        MailText box = new MailText(sink);
        int unreadable = 0;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 65_536)) {
            ByteArrayOutputStream message = new ByteArrayOutputStream();
            boolean afterBlank = true;
            for (byte[] line = line(in); line.length > 0; line = line(in)) {
                if (afterBlank && startsWith(line, "From ")) {
                    unreadable += box.boxed(message) ? 0 : 1;
                    message.reset();
                } else {
                    message.write(line, 0, line.length);
                }
                afterBlank = line[0] == '\n' || line[0] == '\r';
            }
            unreadable += box.boxed(message) ? 0 : 1;
        }
        Found found = box.found(Format.MBOX);
        Map<String, String> metadata = new LinkedHashMap<>(found.metadata());
        metadata.put("messages", Integer.toString(box.messages));
        if (unreadable > 0) {
            metadata.put("unreadable-messages", Integer.toString(unreadable));
        }
        return new Found(null, found.mediaType(), metadata);
    }

    private boolean boxed(ByteArrayOutputStream message) throws IOException {
        if (message.size() == 0) {
            return true;
        }
        multiparts.clear();
        try {
            message(new ByteArrayInputStream(message.toByteArray()));
            return true;
        } catch (RefusedException e) {
            if (e.reason() == RefusalReason.CORRUPT) {
                return false;
            }
            throw e;
        }
    }

    private static byte[] line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int b;
        while (line.size() < MAX_MESSAGE && (b = in.read()) >= 0) {
            line.write(b);
            if (b == '\n') {
                break;
            }
        }
        return line.toByteArray();
    }

    private static boolean startsWith(byte[] line, String prefix) {
        return line.length >= prefix.length()
                && new String(line, 0, prefix.length(), StandardCharsets.ISO_8859_1).equals(prefix);
    }

    private Found found(Format format) {
        Found.Facts facts = new Found.Facts()
                .put("author", outermost.get("from"))
                .put("to", outermost.get("to"))
                .put("created", outermost.get("date"));
        if (!attachments.isEmpty()) {
            facts.put("attachments", String.join(", ", attachments));
        }
        return new Found(outermost.get("subject"), format.mediaType(), facts.asMap());
    }

    /// Whether it starts with a header line. If not, the first line is already the body; if so, a malformed line
    /// among the headers is no more than that.
    private static boolean hasHeader(InputStream in) throws IOException {
        in.mark(1_000);
        String start = new String(in.readNBytes(1_000), StandardCharsets.ISO_8859_1);
        in.reset();
        return start.lines().findFirst().orElse("").matches("[!-9;-~]{1,80}\\s*:.*|From .*");
    }

    private void message(InputStream in) throws IOException {
        MimeConfig config = MimeConfig.custom()
                .setMaxLineLen(-1)
                .setMaxHeaderLen(100_000)
                .setMaxHeaderCount(2_000)
                .setMalformedHeaderStartsBody(!hasHeader(in))
                .build();
        MimeTokenStream stream = new MimeTokenStream(config);
        stream.parse(in);
        int depth = 0;
        try {
            for (EntityState state = stream.getState(); state != EntityState.T_END_OF_STREAM; state = stream.next()) {
                depth += switch (state) {
                    case T_START_MESSAGE, T_START_MULTIPART -> 1;
                    case T_END_MESSAGE, T_END_MULTIPART -> -1;
                    default -> 0;
                };
                if (depth > MAX_DEPTH) {
                    throw new RefusedException(
                            RefusalReason.BOMB, "Its parts are nested deeper than " + MAX_DEPTH + " levels.");
                }
                handle(state, stream, depth);
            }
        } catch (MimeException e) {
            throw new RefusedException(RefusalReason.CORRUPT, "It is no mail: " + Problems.describe(e), e);
        }
        while (!multiparts.isEmpty()) {
            endMultipart();
        }
    }

    private void handle(EntityState state, MimeTokenStream stream, int depth) throws IOException {
        switch (state) {
            case T_START_MESSAGE -> ofMessage = true;
            case T_START_BODYPART -> ofMessage = false;
            case T_START_HEADER -> fields = new LinkedHashMap<>();
            case T_FIELD -> field(stream.getField());
            case T_END_HEADER -> {
                if (ofMessage) {
                    envelope(depth);
                }
                ofMessage = false;
            }
            case T_START_MULTIPART ->
                multiparts.push(new Alternatives("multipart/alternative"
                        .equalsIgnoreCase(stream.getBodyDescriptor().getMimeType())));
            case T_END_MULTIPART -> endMultipart();
            case T_BODY -> body(stream);
            default -> {
                // preambles and epilogues are for programs that know no MIME
            }
        }
    }

    private void field(Field field) throws IOException {
        String name = field.getName().toLowerCase(Locale.ROOT);
        switch (name) {
            case "subject", "from", "to", "cc", "date", "content-type", "content-disposition" -> {
                String body = String.valueOf(field.getBody());
                fields.putIfAbsent(name, decodeWords(body));
            }
            default -> {
                // routing and bookkeeping
            }
        }
    }

    private static String decodeWords(String body) throws IOException {
        String text = body;
        if (body.chars().anyMatch(c -> c >= 0x80) && body.chars().allMatch(c -> c <= 0xff)) {
            text = Encoding.decode(body.getBytes(StandardCharsets.ISO_8859_1), false);
        }
        return DecoderUtil.decodeEncodedWords(text, DecodeMonitor.SILENT);
    }

    private void envelope(int depth) {
        messages++;
        String subject = fields.get("subject");
        sink.heading(depth, subject == null ? "" : subject);
        StringBuilder lines = new StringBuilder();
        for (String name : List.of("from", "to", "cc", "date")) {
            String value = fields.get(name);
            if (value != null && !value.isBlank()) {
                lines.append(Character.toUpperCase(name.charAt(0)))
                        .append(name, 1, name.length())
                        .append(": ")
                        .append(BlockSink.collapse(value))
                        .append('\n');
            }
        }
        sink.block(BlockKind.PARAGRAPH, lines);
        if (outermost.isEmpty()) {
            outermost.putAll(fields);
        }
    }

    private void body(MimeTokenStream stream) throws IOException {
        BodyDescriptor descriptor = stream.getBodyDescriptor();
        String type = String.valueOf(descriptor.getMimeType()).toLowerCase(Locale.ROOT);
        if (!type.startsWith("text/")) {
            name(type);
            return;
        }
        byte[] bytes;
        try (InputStream in = stream.getDecodedInputStream()) {
            bytes = in.readNBytes(MAX_MESSAGE + 1);
        }
        if (bytes.length > MAX_MESSAGE) {
            throw new RefusedException(
                    RefusalReason.TOO_MUCH_TEXT, "One part of the mail is longer than " + MAX_MESSAGE + " bytes.");
        }
        boolean html = type.equals("text/html");
        text(decode(bytes, descriptor.getCharset(), html), html);
    }

    private static String decode(byte[] bytes, @Nullable String stated, boolean html) throws IOException {
        Charset charset = Encoding.named(stated);
        boolean unstated = stated == null || charset == null || stated.equalsIgnoreCase("us-ascii");
        return unstated ? Encoding.decode(bytes, html) : new String(bytes, charset);
    }

    private void text(String text, boolean html) throws IOException {
        for (Alternatives around : multiparts) {
            if (around.alternative) {
                if (html && around.html == null) {
                    around.html = text;
                } else if (!html && around.plain == null) {
                    around.plain = text;
                }
                return;
            }
        }
        emit(text, html);
    }

    private void endMultipart() throws IOException {
        Alternatives ended = multiparts.pop();
        if (ended.plain != null && !BlockSink.isBlank(ended.plain)) {
            text(ended.plain, false);
        } else if (ended.html != null) {
            text(ended.html, true);
        }
    }

    private void emit(String text, boolean html) throws IOException {
        if (html) {
            HtmlText.read(new StringReader(text), sink);
        } else {
            PlainText.read(new StringReader(text), sink);
        }
    }

    private void name(String type) {
        String stated = fields.getOrDefault("content-disposition", "") + ";" + fields.getOrDefault("content-type", "");
        Matcher name = FILE_NAME.matcher(stated);
        if (attachments.size() < MAX_NAMES) {
            attachments.add(name.find() ? name.group(1).strip() : type);
        }
    }
}
