package dev.tidemill.run.alerts;

import java.util.List;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.springframework.mail.MailException;
import org.springframework.mail.SimpleMailMessage;
import org.springframework.mail.javamail.JavaMailSenderImpl;

/// Hands messages to a mail server, one mail to all addresses of the channel.
final class MailSender implements Sender {

    private static final String TIMEOUT_MILLIS = "10000";

    private final JavaMailSenderImpl mail = new JavaMailSenderImpl();
    private final String from;
    private final List<String> to;

    MailSender(AlertProperties.Smtp smtp, @Nullable String password, List<String> to) {
        this.from = smtp.from();
        this.to = to;
        mail.setHost(smtp.host());
        mail.setPort(smtp.port());
        mail.setUsername(smtp.username());
        mail.setPassword(password);
        mail.setDefaultEncoding("UTF-8");
        boolean smtps = smtp.tls() == AlertProperties.Tls.SMTPS;
        mail.setProtocol(smtps ? "smtps" : "smtp");
        String prefix = smtps ? "mail.smtps." : "mail.smtp.";
        Properties properties = mail.getJavaMailProperties();
        properties.put(prefix + "connectiontimeout", TIMEOUT_MILLIS);
        properties.put(prefix + "timeout", TIMEOUT_MILLIS);
        properties.put(prefix + "writetimeout", TIMEOUT_MILLIS);
        properties.put(prefix + "auth", Boolean.toString(smtp.username() != null));
        properties.put(prefix + "ssl.checkserveridentity", "true");
        if (smtp.tls() == AlertProperties.Tls.STARTTLS) {
            properties.put(prefix + "starttls.enable", "true");
            properties.put(prefix + "starttls.required", "true");
        }
    }

    @Override
    public Answer send(Message message) {
        SimpleMailMessage draft = new SimpleMailMessage();
        draft.setFrom(from);
        draft.setTo(to.toArray(String[]::new));
        draft.setSubject(message.title());
        draft.setText(text(message));
        try {
            mail.send(draft);
            return Answer.ARRIVED;
        } catch (MailException e) {
            Throwable cause = e.getMostSpecificCause();
            return Answer.failed(cause.getClass().getSimpleName() + ": " + cause.getMessage());
        }
    }

    private static String text(Message message) {
        StringBuilder text = new StringBuilder();
        for (Message.Told event : message.events()) {
            text.append(event.at())
                    .append("  ")
                    .append(event.resolved() ? "resolved" : event.severity().column())
                    .append("  ")
                    .append(event.type())
                    .append('\n')
                    .append(event.message())
                    .append("\n\n");
        }
        return text.append("Message ").append(message.id()).append('\n').toString();
    }
}
