import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import quickfix.*;
import quickfix.field.MsgType;

/** A counterparty built on QuickFIX/J: commands by standard input, answers as JSON lines; see tests/interop/peer.py. */
public final class Peer implements Application {
    private final Map<String, Integer> received = new LinkedHashMap<>();
    private final List<String> complaints = new ArrayList<>();
    private int possibleDuplicates;
    private int outOfOrder;
    private int last;
    private int logons;
    private int logouts;
    private int resendRequests;

    public static void main(String[] arguments) throws Exception {
        String role = arguments[0], port = arguments[1], version = arguments[2], heartbeat = arguments[3], store = arguments[4];
        Peer peer = new Peer();
        SessionID id = new SessionID(version, "PEER", "TAPEWATCH");
        SessionSettings settings = settings(role, port, version, heartbeat, store, id);
        settings.setString(id, "ResetOnLogon", arguments[5]);
        MessageStoreFactory stores = new FileStoreFactory(settings);
        LogFactory logs = new FileLogFactory(settings);
        Connector connector = role.equals("acceptor")
            ? new SocketAcceptor(peer, stores, settings, logs, new DefaultMessageFactory())
            : new SocketInitiator(peer, stores, settings, logs, new DefaultMessageFactory());
        connector.start();
        System.out.println("{\"engine\": \"QuickFIX/J\"}");
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
        for (String line = commands.readLine(); line != null && !line.equals("stop"); line = commands.readLine()) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "send" -> peer.send(id, version, Integer.parseInt(words[1]), Integer.parseInt(words[2]));
                case "logout" -> Session.lookupSession(id).logout("done");
                case "logon" -> Session.lookupSession(id).logon();
                default -> { }
            }
            System.out.println(peer.state(Session.lookupSession(id)));
        }
        connector.stop();
    }

    private static SessionSettings settings(
            String role, String port, String version, String heartbeat, String store, SessionID id) throws ConfigError {
        SessionSettings settings = new SessionSettings();
        settings.setString(id, "ConnectionType", role);
        settings.setString(id, "SocketAcceptPort", port);
        settings.setString(id, "SocketAcceptAddress", "127.0.0.1");
        settings.setString(id, "SocketConnectPort", port);
        settings.setString(id, "SocketConnectHost", "127.0.0.1");
        settings.setString(id, "ReconnectInterval", "1");
        settings.setString(id, "HeartBtInt", heartbeat);
        settings.setString(id, "StartTime", "00:00:00");
        settings.setString(id, "EndTime", "00:00:00");
        settings.setString(id, "FileStorePath", store);
        settings.setString(id, "FileLogPath", store);
        settings.setString(id, "ThreadModel", "ThreadPerSession");
        settings.setString(id, "UseDataDictionary", "Y");
        if (version.equals("FIXT.1.1")) {
            settings.setString(id, "DefaultApplVerID", "FIX.5.0SP2");
            settings.setString(id, "TransportDataDictionary", "FIXT11.xml");
            settings.setString(id, "AppDataDictionary", "FIX50SP2.xml");
        } else {
            settings.setString(id, "DataDictionary", version.replace(".", "") + ".xml");
        }
        return settings;
    }

    private void send(SessionID id, String version, int first, int count) throws SessionNotFound {
        for (int number = first; number < first + count; number++) {
            Session.sendToTarget(report(version, number), id);
        }
    }

    private static Message report(String version, int number) {
        Message message = new Message();
        message.getHeader().setString(35, "8");
        message.setString(37, "O" + number);
        message.setString(11, "C" + number);
        message.setString(17, "E" + number);
        if (version.equals("FIX.4.2")) {
            message.setString(20, "0");
        }
        message.setString(150, version.equals("FIX.4.2") ? "2" : "F");
        message.setString(39, "2");
        message.setString(55, "ABC");
        message.setString(54, number % 2 == 0 ? "1" : "2");
        message.setString(38, "100");
        message.setString(44, "10.25");
        message.setString(32, "100");
        message.setString(31, "10.25");
        message.setString(151, "0");
        message.setString(14, "100");
        message.setString(6, "10.25");
        message.setString(60, "20260105-09:00:00.000");
        message.setString(58, "caf\u00e9 number " + number);
        return message;
    }

    private synchronized String state(Session session) {
        return "{\"logged_on\": " + session.isLoggedOn()
            + ", \"logons\": " + logons
            + ", \"logouts\": " + logouts
            + ", \"received\": " + received.size()
            + ", \"last\": " + last
            + ", \"out_of_order\": " + outOfOrder
            + ", \"twice\": " + received.values().stream().filter(times -> times > 1).count()
            + ", \"possible_duplicates\": " + possibleDuplicates
            + ", \"resend_requests\": " + resendRequests
            + ", \"next_sender\": " + session.getExpectedSenderNum()
            + ", \"next_target\": " + session.getExpectedTargetNum()
            + ", \"complaints\": [" + String.join(", ", complaints) + "]}";
    }

    private synchronized void complain(String text) {
        complaints.add('"' + text.replace('\u0001', '|').replace("\\", "/").replace("\"", "'") + '"');
    }

    @Override
    public void onCreate(SessionID id) { }

    @Override
    public synchronized void onLogon(SessionID id) {
        logons++;
    }

    @Override
    public synchronized void onLogout(SessionID id) {
        logouts++;
    }

    @Override
    public synchronized void toAdmin(Message message, SessionID id) {
        try {
            String type = message.getHeader().getString(MsgType.FIELD);
            if (type.equals("3")) {
                complain("we reject: " + message);
            }
            resendRequests += type.equals("2") ? 1 : 0;
        } catch (FieldNotFound error) {
            complain(error.toString());
        }
    }

    @Override
    public void fromAdmin(Message message, SessionID id) throws FieldNotFound {
        if (message.getHeader().getString(MsgType.FIELD).equals("3")) {
            complain("they reject: " + message);
        }
    }

    @Override
    public void toApp(Message message, SessionID id) {
        try {
            if (message.getHeader().getString(MsgType.FIELD).equals("j")) {
                complain("we reject: " + message);
            }
        } catch (FieldNotFound error) {
            complain(error.toString());
        }
    }

    @Override
    public synchronized void fromApp(Message message, SessionID id) throws FieldNotFound {
        if (!message.getHeader().getString(MsgType.FIELD).equals("8")) {
            complain("unexpected: " + message);
            return;
        }
        String execution = message.getString(17);
        int number = Integer.parseInt(execution.substring(1));
        outOfOrder += number == last + 1 ? 0 : 1;
        last = number;
        received.merge(execution, 1, Integer::sum);
        possibleDuplicates += message.getHeader().isSetField(43) ? 1 : 0;
    }
}
