"""Planted personal data: kinds by the forms in which people type them. All made up, of ranges kept for fiction."""

E_MAILS = [
    "margaret.hollins@example.org", "m_hollins+shop@mail.example.co.uk", "MARGARET@EXAMPLE.COM", "mh88@example.net",
    "margaret @ example.org", "margaret.hollins＠example.org", "mar\u200bgaret@example.org",
    "margaret [at] example [dot] org", "margaret(at)example.org", "margaret {at} example {dot} com",
    "margaret at example dot com", "margaret dot hollins at example dot co dot uk", "margaret at gmail.com",
    "margaret.hollins at hotmail", "margaret@gmail", "m.hollins@пример.рф", "margaret<at>example.org",
    '"margaret hollins"@example.org', "margaret (a) example.org",
]  # fmt: skip
PHONES = [
    "07700 900123", "07700900123", "07700-900-123", "(07700) 900 123", "+44 7700 900123", "+447700900123",
    "0044 7700 900 123", "+44 (0)7700 900123", "020 7946 0958", "0117-496-0123", "555-0123", "(212) 555-0123",
    "212.555.0123", "+1 212 555 0123", "1-800-555-0199", "06 12 34 56 78", "+33 6 12 34 56 78", "030/123456-78",
    "+49 30 901820", "0171 3920123", "+48 601 234 567", "07700\u00a0900\u00a0123", "07700\u2011900\u2011123",
    "０７７００ ９００１２３", "٠٧٧٠٠٩٠٠١٢٣", "077\u200b00 900123", "07700 / 900123", "+91 98765 43210",
    "zero seven seven zero zero nine zero zero one two three", "oh seven seven, double oh, nine oh oh, one two three",
    "12 34 56 78", "07700 900 123ext4", "07700 900 123 ext. 45", "07700 900 123thanks", "tel.0351-4567890",
]  # fmt: skip
CARDS = [
    "4111 1111 1111 1111", "4111111111111111", "4111-1111-1111-1111", "5500 0000 0000 0004", "3400 000000 00009",
    "6011 0000 0000 0004", "4111.1111.1111.1111", "４１１１ １１１１ １１１１ １１１１", "3530 1113 3330 0000",
    "4111\u00a01111\u00a01111\u00a01111",
]  # fmt: skip
IBANS = [
    "GB82 WEST 1234 5698 7654 32", "GB82WEST12345698765432", "gb82 west 1234 5698 7654 32",
    "DE89 3704 0044 0532 0130 00", "DE89370400440532013000", "FR14 2004 1010 0505 0001 3M02 606",
    "NL91ABNA0417164300", "ES91 2100 0418 4502 0005 1332", "PL61 1090 1014 0000 0712 1981 2874",
    "CH93-0076-2011-6238-5295-7", "IE29 AIBK 9311 5212 3456 78",
    "DE89.3704.0044.0532.0130.00", "BR15 0000 0000 0000 1093 2840 814P 2", "UA21 3223 1300 0002 6007 2335 6600 1",
    "RS35 2600 0560 1001 6113 79", "XK05 1212 0123 4567 8906", "KZ86 125K ZT50 0410 0100",
    "KW81 CBKU 0000 0000 0000 1234 5601 01", "TN59 1000 6035 1835 9847 8831", "LC55 HEMM 0001 0001 0012 0012 0002 3015",
    "DE89 3704 0044 0532 0130 00 GB82 WEST 1234 5698 7654 32",
]  # fmt: skip
LINKS = [
    "https://example.org/u/margaret?id=7", "http://example.com", "www.example.co.uk/me", "WWW.EXAMPLE.COM",
    "margaret-hollins.com", "example.org/margaret", "bit.ly/3xMargaret", "https://例え.example/путь", "blog.example.de",
    "facebook.com/margaret.hollins",
]  # fmt: skip
POSTCODES = [
    "SW1A 1AA", "sw1a1aa", "M1 1AE", "EC1A 1BB", "cr2 6xh", "B33 8TH", "K1A 0B1", "zip 90210", "CA 90210", "90210-1234",
    "PLZ 10115", "10115 Berlin", "1012 AB", "D-10115", "F-75001",
]  # fmt: skip
HANDLES = [
    "@margaret_h", "@MargaretHollins", "insta: margaret_h", "instagram margaret.hollins88", "twitter @mhollins",
    "tiktok handle is maggie_99", "u/margaret_h", "snap: maggie.h1",
]  # fmt: skip
IDS = [
    "RP-2026-11919", "RP202611919", "rp/2026/11919", "ORD12345", "#48213", "order no 48213", "order number: 4821",
    "ref AB12CD", "booking ref: X7K2P9", "invoice 2026-00417", "case 00417733", "account 55512345", "AB123456C",
    "356938035643809", "ticket nr. 88123", "Kundennummer 4711-88", "Auftrag 2026/0815", "commande n° 99812",
    "policy PN-77-1234", "550e8400-e29b-41d4-a716-446655440000", "customer id 77x12", "serial C02XK1ZZJG5H",
    "account 1234 5678",
]  # fmt: skip
ADDRESSES = ["14 Elm Road", "14b, Old Mill Lane", "221 Baker Street", "Hauptstraße 12", "12 rue de Rivoli"]
BIRTHS = ["born 12/05/1961", "DOB: 12.05.61", "date of birth 12 May 1961"]
STRUCTURED = {
    "email": E_MAILS, "phone": PHONES, "card": CARDS, "iban": IBANS, "link": LINKS, "postcode": POSTCODES,
    "handle": HANDLES, "id": IDS, "address": ADDRESSES, "birth": BIRTHS,
}  # fmt: skip
AROUND = ["{}", "Please ring me, {} thanks.", "I gave them {}. Nothing since!", "still waiting ({})"]

STAFF = [
    "Dave Okafor", "Priya", "Agnieszka Nowak", "Sinéad O'Brien", "Anne-Marie", "Yusuf", "Will Price", "Mark", "Rose",
    "Grace", "May Long", "Bill", "Mo", "Łukasz", "Zoë", "Jürgen Müller", "van der Berg", "José", "Nguyễn Thị Lan",
]  # fmt: skip
# what is written, and the letters of it that must be gone
NAMES = [
    ("Dave was lovely", "Dave"), ("dave was lovely", "dave"), ("DAVE WAS LOVELY", "DAVE"), ("thanks Dave!", "Dave"),
    ("Dave's great", "Dave"), ("Dave’s great", "Dave"), ("ask for Dave/Priya", "Dave"),
    ("ask for Dave/Priya", "Priya"), ("Dave Okafor sorted it", "Okafor"), ("Okafor, Dave was on", "Dave"),
    ("Dave O. fixed it", "Dave"), ("Dave Whitlock fixed it", "Whitlock"), ("(priya)", "priya"),
    ("Priya,thanks", "Priya"), ("agnieszka is a star", "agnieszka"), ("Ms Nowak helped", "Nowak"),
    ("nowak again", "nowak"), ("Sinead rang", "Sinead"), ("sinéad rang", "sinéad"), ("SINÉAD RANG", "SINÉAD"),
    ("Sine\u0301ad rang", "Sine"), ("Mrs O'Brien rang", "Brien"), ("Mrs O’Brien rang", "Brien"),
    ("obrien rang", "obrien"), ("Anne-Marie was on", "Marie"), ("Anne Marie was on", "Marie"),
    ("annemarie was on", "annemarie"), ("Da\u200bve was on", "ve was"), ("yusuf and priya were on", "yusuf"),
    ("Yusuf & co", "Yusuf"), ("Will was great", "Will"), ("ask Will about it", "Will"), ("served by Will", "Will"),
    ("served by will", "will"), ("Will Price fixed it", "Price"), ("thanks Mark", "Mark"),
    ("Mark explained it all", "Mark"), ("a lad called mark", "mark"), ("Rose went out of her way", "Rose"),
    ("spoke to Rose today", "Rose"), ("Grace deserves a rise", "Grace"), ("May Long helped me", "Long"),
    ("thank you May", "May"), ("Bill is the best", "Bill"), ("Bill's brilliant", "Bill"), ("Mo sorted it", "Mo"),
    ("Mo knows his stuff", "Mo"), ("Łukasz fixed it", "ukasz"), ("lukasz fixed it", "lukasz"),
    ("zoe was kind", "zoe"), ("Zoë was kind", "Zo"), ("Jürgen half", "rgen"), ("Herr Müller half", "ller"),
    ("jurgen again", "jurgen"), ("Mr van der Berg came", "Berg"), ("jose is the man", "jose"), ("José!", "Jos"),
    ("Lan and Dave", "Lan"), ("Dave.Priya.Yusuf all good", "Priya"), ("@Dave thanks", "Dave"), ("dave😀", "dave"),
    ("“Dave”", "Dave"), ("to Dave and Priya: thanks", "Priya"), ("Agnieszka-the best", "Agnieszka"),
]  # fmt: skip
# the same, where letters of other scripts are typed in several ways
OF_ALL_SCRIPTS = [
    "Jürgen Müller", "Søren Kjær", "Łukasz Żak", "Müge Işık", "Åse Thorvaldsen", "Sigríður Þórsdóttir", "प्रिया शर्मा",
    "王伟", "สมชาย ใจดี", "김민수", "Нина Иванова", "גל כהן",
]  # fmt: skip
FORMS = [
    ("Ju\u0308rgen Mu\u0308ller was kind", "rgen"), ("Ju\u0308rgen Mu\u0308ller was kind", "ller"),
    ("Juergen Mueller helped", "uergen"), ("Juergen Mueller helped", "ueller"), ("JUERGEN again", "JUERGEN"),
    ("Mueller's team", "ueller"), ("Jurgen helped", "urgen"), ("Soren helped me", "oren"), ("soeren helped", "soeren"),
    ("soren kjaer helped me", "kjaer"), ("Lukasz fixed it", "ukasz"), ("Zak fixed it", "Zak"), ("Isik helped", "sik"),
    ("IŞIK helped", "IK"), ("ışık helped", "ış"), ("MÜGE IŞIK helped", "IŞIK"), ("aase was on", "aase"),
    ("sigridur rang", "sigridur"), ("Thorsdottir rang", "dottir"), ("प्रिया शर्मा was kind", "प्रि"),
    ("प्रिया शर्मा was kind", "शर्मा"), ("प्रिया ने मदद की", "प्रिया"), ("王伟 was kind", "王伟"), ("王伟很好", "王伟"),
    ("我喜欢王伟！", "王伟"), ("สมชาย ใจดี was kind", "\u0e35"), ("สมชายมาช่วย", "สมชาย"),
    ("김민수는 친절했다", "김민수"), ("НИНА ИВАНОВА помогла", "НИНА"), ("גל was kind", "גל"),
]  # fmt: skip
CLEAN_OF_ALL_SCRIPTS = [
    "पराया प्यार शरम", "很好, 谢谢", "ขอบคุณมาก", "친절했다", "они помогли", "zoo, sure, asea and loren are words too",
    "the queue was endless", "Sue was in the blue museum", "I sikh it",
]  # fmt: skip
# without any list of names
INTRODUCED = [
    ("Morning Mrs Sowerby, they said", "Sowerby"), ("Regards, Margaret Hollins", "Hollins"),
    ("Dr. Iqbal waited", "Iqbal"), ("My name is Margaret Hollins", "Margaret"),
    ("It's under the name Derek Tranter.", "Tranter"), ("Frau Lindqvist", "Lindqvist"),
    ("This is Iain Devereux, I rang Tuesday", "Devereux"), ("mr sowerby here", "sowerby"),
]  # fmt: skip
CLEAN = [
    "Will you be open in May? I will mark it.", "The bill rose and rose.", "Mark my words, no grace at all.",
    "Hope so.", "45 mins, 2 visits, £1,200.50", "Open 9-5, came at 10.15 on 12/05/2025",
    "iPhone 14 Pro and a Galaxy S21", "10/10 would go again", "3-4 weeks, not 2",
    "Ready on the 21st, took 1000 years", "A4 2pm sharp", "s8 4th time", "ticket number 47 lol",
    "the order 2 days ago", "Told me.Then left", "meet at the shop dot the i's", "24/7 help", "from 2019 to 2023",
    "$5 or 5%", "my 64GB one", "room 101, floor 3", "the price was good", "May I say thank you",
    "1st, 2nd and 3rd time", "HALF AN HOUR THIS IS TOO LONG", "call me maybe", "on hold for 40 minutes 30 seconds",
    "they rang on day 3", "what a rich long story", "Best shop. Young staff. Small queue.",
]  # fmt: skip
