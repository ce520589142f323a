"""Small files, one for each way to write each directive, and one for each rule of the lexer."""

from collections.abc import Iterator, Sequence

HEAD = "virtual=192.0.2.10:80\n"
NUMBERS = [
    "1",
    "10",
    "007",
    "0",
    "",
    "x",
    "-1",
    "abc5",
    "1.5",
    "5 # five",
    " 5 ",
    '"5"',
    "5s",
    "9" * 12,
]
YES_NO = [
    "yes",
    "no",
    "yes ",
    "no\r",
    "yes # why",
    "Yes",
    "YES",
    '"yes"',
    "",
    "y",
    "true",
    "1",
    "yesno",
]
TEXTS = [
    '"a b"',
    '"a"',
    "a",
    '""',
    "",
    '"a',
    'a"',
    "'a'",
    '"a" b',
    '"a" "b"',
    " ",
    '"a b" ',
    '"a"\r',
]
PATHS = [
    '"/bin/true"',
    "/bin/true",
    '"/bin/true" -x',
    "/bin/true -x",
    '""',
    "",
    "true",
    '"/bin/true" ',
]
HOSTS = [
    "127.0.0.1", "127.0.0.1:80", "127.0.0.1:http", "127.0.0.1:domain", "127.0.0.1 masq", "localhost:80 ipip",
    "127.0.0.1:80 gate", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:nosuch", "nosuch.invalid", "127.0.0.1 nat",
    "127.0.0.1 gate # why", "", ":80", "127.0.0.1:", "127.0.0.1::80", "[::1]:80", "10.1", "256.1.1.1", "127.0.0.1 gate ",
]  # fmt: skip
STATES = [
    "all", "none", "starting", "running,stopping", "running, stopping", "all,none", "none,running", "never",
    "", "running ", "running # why", "Running", '"all"', "running,", ",running", "all,running", "starting,running,stopping,reloading",
]  # fmt: skip
MAILS = [
    "root",
    '"root"',
    "a@example.com,b@example.com",
    '"a@example.com, b@example.com"',
    "root # why",
    "",
    '""',
]
SERVICES = [
    "dns", "ftp", "http", "https", "http_proxy", "imap", "imaps", "ldap", "ldaps", "mysql", "nntp", "none",
    "oracle", "pgsql", "pop", "pops", "radius", "simpletcp", "sip", "smtp", "submission", "HTTP", "www", "", '"http"', "http ", "http # why", "http https",
]  # fmt: skip
CHECKTYPES = [
    "connect", "external", "external-perl", "negotiate", "off", "on", "ping", "1", "5", "0", "-1", "none", "",
    "Connect", '"ping"', "ping ", "5x", "x5", "external perl", "ping connect",
]  # fmt: skip
PORTS = ["80", "1", "65535", "0", "65536", "http", "", "-1", "80x", "x80", '"80"', "080", "8 0"]

BOTH: dict[str, Sequence[str]] = {
    "checktimeout": NUMBERS,
    "negotiatetimeout": NUMBERS,
    "checkinterval": NUMBERS,
    "checkcount": NUMBERS,
    "failurecount": NUMBERS,
    "emailalertfreq": NUMBERS,
    "quiescent": YES_NO,
    "cleanstop": YES_NO,
    "fallback": HOSTS,
    "fallback6": [
        "[::1]",
        "[::1]:80",
        "[::1]:http masq",
        "::1",
        "[::1",
        "127.0.0.1",
        "",
        "[::1] nat",
        "[::1]:0",
    ],
    "fallbackcommand": PATHS,
    "emailalert": MAILS,
    "emailalertstatus": STATES,
    "smtp": [
        "127.0.0.1",
        "localhost",
        "mail.example.com",
        '"127.0.0.1"',
        "",
        "127.0.0.1 ",
        "127.0.0.1:25",
        "a b",
    ],
}
GLOBAL: dict[str, Sequence[str]] = {
    **BOTH,
    "autoreload": YES_NO,
    "fork": YES_NO,
    "supervised": YES_NO,
    "readdquiescent": YES_NO,
    "callback": PATHS,
    "logfile": [
        '"/var/log/x.log"',
        '"local0"',
        "local0",
        '""',
        "",
        '"/var/log/x.log" # why',
        "/var/log/x.log",
        '"a b"',
    ],
    "emailalertfrom": [*MAILS, '"A B" <a@example.com>'],
    "execute": ["web", "www.cf", "", "a b", '"web"', "web "],
    "maintenancedir": ["/tmp", "/nosuch", "", '"/tmp"', "/tmp "],
    "timeout": ["3", ""],
    "connecttimeout": ["3", ""],
    "nosuch": ["1"],
    "service": ["http"],
}
SECTION: dict[str, Sequence[str]] = {
    **BOTH,
    "checktype": CHECKTYPES,
    "service": SERVICES,
    "checkcommand": PATHS,
    "checkport": PORTS,
    "request": [*TEXTS, '"/a"', '"//a"', '" a"', '"a#b"', '"http://h/p"'],
    "receive": [*TEXTS, '"[0-9]+"', '"(a|b)"', '"a#b"', '"\\"a\\""', '"^$"'],
    "httpmethod": ["GET", "HEAD", "get", "head", "POST", "", '"GET"', "GET ", "GETS", "GET HEAD"],
    "virtualhost": [*TEXTS, "www.example.com", '"www.example.com"', "a:80"],
    "login": TEXTS,
    "passwd": TEXTS,
    "database": TEXTS,
    "secret": TEXTS,
    "load": TEXTS,
    "scheduler": ["rr", "wlc", "RR", "", "w1", "1", "wlc-port", "rr # why", '"rr"', "r r", "Wlc"],
    "persistent": NUMBERS,
    "netmask": ["255.255.255.0", "255.255.255.255", "255.255.255.0 ", "255.255.255", "300.1.1.1", "24", "", "x", "255.255.255.0 # why"],
    "schedflags": ['"sh-port"', "sh-port,sh-fallback", '"flag-1,flag-2"', "sh-port sh-fallback", "", '"sh-port"  # why'],
    "protocol": ["tcp", "udp", "fwm", "TCP", "sctp", "", '"udp"', "udp ", "udp # why"],
    "ops": YES_NO,
    "monitorfile": ["monitor", '"monitor"', "", '""', "/nosuch/monitor", "/tmp", "monitor "],
    "servicename": TEXTS,
    "comment": TEXTS,
    "real": [
        "127.0.0.1 gate", "127.0.0.1:80 masq", "127.0.0.1:http ipip 5", "10.0.0.1->10.0.0.3:80 gate 2",
        "10.0.0.3->10.0.0.1 gate", "9.255.255.250->10.0.0.5:80 gate", "10.0.0.1:80->10.0.0.3:80 gate", "10.0.0.9->10.0.0.10 gate",
        "10.0.0.1", "10.0.0.1:80", "", "gate", "10.0.0.1 nat", "10.0.0.1 Gate", "10.0.0.1:80gate", "10.0.0.1:0 gate",
        "10.0.0.1:65536 gate", "10.0.0.1:nosuch gate", "10.0.0.1::80 gate", "nosuch.invalid gate", "256.0.0.1 gate", "[::1]:80 gate",
        "10.0.0.1 gate 5", "10.0.0.1 gate 0", "10.0.0.1 gate -1", "10.0.0.1 gate -w 7", "10.0.0.1 gate 1.5", "10.0.0.1 gate 5 6", "10.0.0.1 gate x",
        '10.0.0.1 gate "a", "b"', '10.0.0.1 gate "a" "b"', '10.0.0.1 gate "a","b"', '10.0.0.1 gate "a" , "b"', '10.0.0.1 gate "a"', '10.0.0.1 gate 5 "a", ""',
        '10.0.0.1 gate "/a", "b"', '10.0.0.1 gate 5 "a b", "c d" l:1 u:2', '10.0.0.1 gate 5 "a", "b" u:2 l:1', '10.0.0.1 gate "a", "b" 5', '10.0.0.1 gate x "a1", "b"',
        '10.0.0.1 gate "it 3 s", "b"', "10.0.0.1 gate u:", '10.0.0.1 gate 5 "/a", "b" x', "10.0.0.1 gate l:1", "10.0.0.1 gate u:2", "10.0.0.1 gate l:1 u:2", "10.0.0.1 gate u:2 l:1", "10.0.0.1 gate l:5 u:2", "10.0.0.1 gate l:x", "10.0.0.1 gate l:1 l:2",
        "10.0.0.1 gate # why", "10.0.0.1\tgate\t5", "10.0.0.1  gate   5  ", "10.0.0.1-> 10.0.0.3 gate", "10.0.0.1 gate, 5", "10.0.0.1 gate x l:1",
    ],
    "real6": ["[::1]:80 gate", "127.0.0.1 gate"],
    "connecttimeout": ["3"],
    "timeout": ["3"],
    "nosuch": ["1"],
    "autoreload": ["yes"],
}  # fmt: skip
SIX: dict[str, Sequence[str]] = {
    "real6": [
        "[::1]:80 gate", "[::1] masq 5", "[2001:db8::1]:http ipip 5 l:1 u:2", "::1 gate", "[::1 gate", "[::1]:80", "[::g]:80 gate", "[::1]:0 gate",
        "[::1]->[::3] gate", "127.0.0.1:80 gate", "[::ffff:10.0.0.1]:80 gate", '[::1]:80 gate 5 "a", "b"', "[2001:DB8::1]:80 gate",
    ],
    "real": ["127.0.0.1 gate"],
    "fallback6": ["[::1]", "[::1]:8080 masq", "::1", "127.0.0.1"],
    "fallback": ["127.0.0.1"],
    "netmask": ["64", "128", "1", "0", "129", "255.255.255.0", "64 ", "064"],
    "protocol": ["tcp", "udp", "fwm"],
}  # fmt: skip
MARK: dict[str, Sequence[str]] = {
    "protocol": ["tcp", "udp", "fwm"],
    "real": ["127.0.0.1 gate", "127.0.0.1:80 masq 5", "127.0.0.1:http gate"],
    "fallback": ["127.0.0.1", "127.0.0.1:80", "127.0.0.1:http masq"],
    "service": ["http"],
    "persistent": ["600"],
    "checkport": ["80"],
}
PLACES = [
    "10.0.0.1:80", "10.0.0.1:http", "10.0.0.1:domain", "10.0.0.1:53", "10.0.0.1:sip", "localhost:80", "10.1:80", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1",
    "10.0.0.1:80 x", "10.0.0.1:80 # why", "10.0.0.1:80\r", "10.0.0.1:80x", "10.0.0.1:", ":80", "", "1", "0", "007", "-1", "1x", "x", "4294967295", "4294967296",
    "256.0.0.1:80", "nosuch.invalid:80", "[::1]:80", "10.0.0.1::80", "10.0.0.1:80:81", "10.0.0.1:nosuch", "10.0.0.1 :80", "1 2",
]  # fmt: skip
PLACES6 = ["[::1]:80", "[::1]:http", "[2001:db8::1]:53", "::1", "[::1]", "10.0.0.1:80", "1", "0", "[::1]:80 x", "[::g]:80", "[::1]:0", "localhost:80", "ip6-localhost:80"]  # fmt: skip
RAW = [
    "", "\n\n", "# only a comment\n", "checktimeout=3", " checktimeout=3\n", "\tchecktimeout=3\n", "checktimeout\n", "checktimeout 3\n", "supervised\n",
    "supervised \n", "=3\n", "checktimeout==3\n", "checktimeout = = 3\n", "CHECKTIMEOUT=3\n", "checktimeout=3\r\n", "checktimeout=3\r\nautoreload=yes\r\n",
    "\ufeffchecktimeout=3\n", "checktimeout =3 # why\n", "autoreload=yes # why\n", "a\n", "#\n  #\n\t#\n",
    "virtual=192.0.2.10:80", HEAD, HEAD + "\n", HEAD + "#\n", HEAD + "    ", HEAD + "     ", HEAD + "    \n", HEAD + "     \n", HEAD + "  \n",
    HEAD + "    real=10.0.0.1 gate", HEAD + "   real=10.0.0.1 gate\n", HEAD + "\treal=10.0.0.1 gate\n", HEAD + "  \treal=10.0.0.1 gate\n",
    HEAD + "\n    real=10.0.0.1 gate\n", HEAD + "# why\n    real=10.0.0.1 gate\n", HEAD + "    # why\n    real=10.0.0.1 gate\n",
    HEAD + '    request="a#b"\n', HEAD + "    real=10.0.0.1\tgate\n", HEAD + '    request="a\tb"\n', HEAD + "    real = 10.0.0.1 gate\n",
    HEAD + "    real=10.0.0.1 gate\r\n", HEAD + "    checktimeout=3\r\n", HEAD + "    quiescent=yes\r\n", HEAD + "    service=http\r\n    request=\"a\"\r\n",
    HEAD + "checktimeout=3\n", HEAD + "    checktimeout=3\nchecktimeout=4\n", HEAD + HEAD, HEAD + "\n" + HEAD + "\n", HEAD + "    protocol=udp\n" + HEAD + "\n",
    "virtual=1\n\nvirtual=1\n\n", "virtual=1\n\nvirtual6=1\n\n", "fallback=127.0.0.1:80\nvirtual=1\n    real=10.0.0.1 gate\n",
    "fallback=127.0.0.1\n" + HEAD + "    real=10.0.0.1 gate\n", "fallback6=[::1]\nvirtual6=[::1]:80\n    real6=[::2] gate\n",
    "checktimeout=3\n" + HEAD + "    negotiatetimeout=4\n", "negotiatetimeout=3\n" + HEAD + "    checktimeout=4\n", "checktimeout=3\nnegotiatetimeout=7\n" + HEAD + "\n",
    "fork=yes\ncheckinterval=3\n" + HEAD + "    checkinterval=4\n", "fork=no\n" + HEAD + "    checkinterval=4\n",
    HEAD + "    service=ftp\n    login=\"a\"\n", HEAD + "    login=\"a\"\n    service=ftp\n", HEAD + "    service=ftp\n    service=http\n", HEAD + "    passwd=\"a\"\n    service=ftp\n",
    "virtual=192.0.2.10:53\n    real=10.0.0.1:53 gate\n", "virtual=192.0.2.10:53\n    protocol=tcp\n", "virtual=192.0.2.10:domain\n    ops=yes\n", HEAD + "    ops=yes\n",
    HEAD + "    persistent=600\n    netmask=255.255.255.0\n    scheduler=sh\n    schedflags=\"sh-port\"\n",
    HEAD + "    real=10.0.0.1 gate\n    real=10.0.0.1 gate\n", HEAD + "    quiescent=yes\n    real=10.0.0.1 gate 5\n    fallback=127.0.0.1\n",
    "quiescent=yes\nreaddquiescent=yes\n" + HEAD + "    real=10.0.0.1:8080 masq 5 l:5 u:9\n", "emailalertfreq=5\nemailalert=a\n" + HEAD + "    emailalert=b\n    emailalertfreq=0\n",
    HEAD + '    receive="("\n', HEAD + '    real=10.0.0.1 gate "a", "("\n',
]  # fmt: skip


def texts() -> Iterator[bytes]:
    """All of them."""
    for text in _texts():
        yield text.encode("utf-8", "surrogateescape")


def _texts() -> Iterator[str]:
    yield from RAW
    for name, values in GLOBAL.items():
        for value in values:
            yield f"{name}={value}\n{HEAD}    real=10.0.0.1:80 gate\n"
    sections = [(HEAD, SECTION), ("virtual6=[2001:db8::10]:80\n", SIX), ("virtual=7\n", MARK)]
    for head, table in sections:
        for name, values in table.items():
            for value in values:
                yield f"checktimeout=3\n{head}    {name}={value}\n"
    for place in PLACES:
        yield f"virtual={place}\n    real=10.0.0.1:80 masq\n"
    for place in PLACES6:
        yield f"virtual6={place}\n    real6=[2001:db8::1]:80 masq\n"
    # The service that goes without saying.
    for port in (21, 25, 53, 80, 110, 119, 143, 389, 443, 587, 636, 993, 995, 1521, 1812, 3128,
                 3306, 5060, 5432, 81):  # fmt: skip
        yield f"virtual=192.0.2.10:{port}\n    real=10.0.0.1:{port} gate\n"
