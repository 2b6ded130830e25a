"""A second set, written when the recognisers were done and never used to mend them: what people may expect of new text.

Values stand in double square brackets. None is anybody's; check digits are right where the issuer has some.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.masking.planted import Planted

TEXTS: dict[str, str] = {
    "en": """
email|You can reply to [[m.okafor+billing@northgate-clinic.example.org]] any time before Friday.
phone|If the driver is lost he should ring my mobile, [[07700 900982]], not the office.
card|Please charge the Visa ending the trip, number [[4556 7375 8689 9855]], and nothing else.
iban|Refund to [[GB82 WEST 1234 5698 7654 32]] if possible.
ip|Login from [[198.51.100.77]] was blocked twice this morning.
mac|The access point with [[3c:5a:b4:01:fe:9d]] keeps dropping out.
national-id|His social security number, [[536-22-8726]], is on the second page.
tax-id|We are registered under VAT number [[GB 980 7806 84]] since last year.
passport|I renewed it in May; the new passport number is [[533401188]].
birth-date|Patient was born on [[12 August 1967]] in Leeds.
address|The parcel went to [[47 Willow Crescent]] instead of the shop.
name|Hello, my name is [[Priya Raman]] and I booked the double room.
""",
    "de": """
email|Schreiben Sie an [[k.vogel@stadtwerke-nord.example.de]], dann geht es schneller.
phone|Tagsüber erreichen Sie mich unter Telefon [[040 55501234]].
card|Die Kreditkarte [[5425 2334 3010 9903]] wurde zweimal belastet.
iban|Bitte überweisen auf [[DE89 3704 0044 0532 0130 00]].
ip|Der Server [[203.0.113.45]] antwortet nicht.
mac|Gerät [[00:1B:44:11:3A:B7]] ist nicht im WLAN.
national-id|Meine Steueridentifikationsnummer lautet [[86095742719]].
tax-id|Unsere USt-IdNr. ist [[DE129273398]].
passport|Mein Reisepass hat die Nummer [[C4VP4C9Z5]].
birth-date|Der Versicherte, geboren am [[23.11.1958]], zog um.
address|Ich wohne jetzt in der [[Gartenstraße 48]], zweiter Stock.
name|Guten Tag, ich heiße [[Marlene Hoffmann]] und habe eine Frage.
""",
    "fr": """
email|Envoyez la facture à [[c.lemoine@atelier-bois.example.fr]] svp.
phone|On peut me joindre au téléphone [[07 81 23 45 67]] après 18 heures.
card|Ma carte [[4970 1012 3456 7893]] a été refusée.
iban|Voici mon RIB : [[FR76 3000 6000 0112 3456 7890 189]].
ip|La connexion venait de [[192.0.2.146]].
mac|L'imprimante [[a4-83-e7-2f-10-cc]] est hors ligne.
national-id|Mon numéro de sécurité sociale : [[1 84 12 76 451 089 46]].
tax-id|Notre numéro de TVA est [[FR83404833048]].
passport|Le passeport n° [[14CV28143]] expire en mars.
birth-date|Elle est née le [[9 février 1993]] à Nantes.
address|Livrez au [[27 rue des Lilas]], le digicode est cassé.
name|Bonjour, je m'appelle [[Baptiste Renaud]], client depuis hier.
""",
    "es": """
email|Mi correo es [[lucia.prado77@correo-sur.example.es]], por favor.
phone|Llámame al [[677 123 984]] cuando llegue el paquete.
card|He pagado con la tarjeta [[4012 8888 8888 1881]] dos veces.
iban|La cuenta es [[ES91 2100 0418 4502 0005 1332]].
ip|El acceso desde [[198.51.100.203]] no era mío.
mac|El router [[f0:9f:c2:aa:13:58]] se reinicia solo.
national-id|Mi DNI es el [[12345678Z]], con letra.
tax-id|Factura a nombre de la empresa con CIF [[B58378431]].
passport|Número de pasaporte [[PAB123456]] y visado aparte.
birth-date|Fecha de nacimiento del titular: [[7 de septiembre de 1984]].
address|La entrega era en [[Calle del Prado, 21]], no en la tienda.
name|Buenas, me llamo [[Rocío Cabello]] y llamo por el seguro.
""",
    "it": """
email|Scrivetemi a [[g.bellini@officina-est.example.it]] con il preventivo.
phone|Il mio cellulare è [[338 765 4321]], rispondo sempre.
card|La carta [[5105 1051 0510 5100]] non funziona più.
iban|Bonifico su [[IT60 X054 2811 1010 0000 0123 456]].
ip|Accesso anomalo da [[203.0.113.9]] alle tre.
mac|La stampante [[d8:3b:bf:77:0e:21]] non risponde.
national-id|Il codice fiscale è [[MRTMTT91D08F205J]].
tax-id|Fattura con partita IVA [[12345670017]].
passport|Passaporto numero [[YB4512987]] rilasciato a Torino.
birth-date|Sono nato il [[18/06/1979]] a Bari.
address|Abito in [[Via Garibaldi 33]], citofono rotto.
name|Buongiorno, mi chiamo [[Elena Fontana]], ho un reclamo.
""",
    "pt": """
email|O meu e-mail é [[r.tavares@padaria-luz.example.pt]] se precisar.
phone|Podem ligar para o telemóvel [[936 512 478]] à tarde.
card|Paguei com o cartão [[4532 0151 1283 0366]] ontem.
iban|O meu IBAN é [[PT50 0002 0123 1234 5678 9015 4]].
ip|O pedido veio de [[192.0.2.88]].
mac|O equipamento [[70:4d:7b:92:5f:03]] desligou-se.
national-id|O meu CPF é [[111.444.777-35]], obrigado.
tax-id|A empresa tem o NIPC [[502757191]].
passport|Passaporte n.º [[CA987654]] emitido no Porto.
birth-date|Data de nascimento: [[30/01/1988]], sexo feminino.
address|Moro na [[Rua das Flores, 52]], rés-do-chão.
name|Olá, chamo-me [[Duarte Figueira]] e queria cancelar.
""",
    "nl": """
email|Stuur het naar [[f.dewit@fietsenhuis.example.nl]] graag.
phone|Je kunt me bellen op mobiel [[06 38124567]].
card|Mijn creditcard [[5555 5555 5555 4444]] is geweigerd.
iban|Graag op rekening [[NL91 ABNA 0417 1643 00]].
ip|Er is ingelogd vanaf [[198.51.100.14]].
mac|De camera [[9c:8e:cd:0a:66:f1]] is offline.
national-id|Mijn burgerservicenummer is [[123456782]].
tax-id|Ons btw-nummer is [[NL123456789B01]].
passport|Het paspoortnummer luidt [[NWK7L4R82]].
birth-date|Verzekerde is geboren op [[14 oktober 1971]].
address|Bezorgd op [[Julianalaan 88]] in plaats van bij mij.
name|Goedemiddag, mijn naam is [[Roos Verhoeven]], over mijn polis.
""",
    "pl": """
email|Proszę pisać na [[j.mazur@kwiaciarnia.example.pl]].
phone|Mój numer telefonu to [[512 987 346]].
card|Karta [[4111 1111 1111 1111]] została zablokowana.
iban|Zwrot na konto [[PL61 1090 1014 0000 0712 1981 2874]].
ip|Logowanie z adresu [[203.0.113.201]] to nie ja.
mac|Urządzenie [[e0:d5:5e:44:b8:90]] nie działa.
national-id|PESEL pacjenta: [[85010112347]].
tax-id|Faktura na firmę, NIP [[526-025-09-95]].
passport|Numer paszportu [[ZS0000177]] wpisałam wcześniej.
birth-date|Urodzona [[2 lipca 1990]] w Gdyni.
address|Paczka na [[ul. Lipowa 14]] nie dotarła.
name|Dzień dobry, nazywam się [[Hanna Borkowska]].
""",
}

NOBODYS = """
The train on platform 9 leaves at 18:45 and arrives at 21:10.
Our release 2026.07.14 fixed 312 bugs in 48 modules.
Set the limit to 2147483647 and the offset to 4294967295.
The parcel weighs 12.5 kg and measures 40x30x20 cm.
Tracking code RR123456785US has not moved since Monday.
Use port 8443 on the gateway, not 8080.
The invoice total is 18,450.00 USD, due in 14 days.
Chapter 7, section 3.2.1, explains the procedure.
Our fiscal year 2025-2026 begins on 1 July.
The temperature was 21.4 at 06:00 and 27.9 at 14:00.
ISBN 978-0-262-03384-8 is the third edition.
He ran the 100 metres in 9.81 seconds in 2016.
Please restart the cell phone app and update to 14.2.1.
The tax rate is 19 percent, or 0.19 as a factor.
There were 1,250,000 visitors between 2010 and 2019.
Case number 2026-118-44 has been assigned to the team.
The street market opens on Saturday at 9.
A valid passport is required for all travellers.
The doctor recommended rest, water and no screens.
Compare rows 1000000 to 1999999 of the table.
The hash 5d41402abc4b2a76b9719d911017c592 is MD5 of hello.
The colour #1B44A3 is close to #1C45A4.
Add 250 ml of milk, 3 eggs and 120 g of flour.
Coordinates 48.8584, 2.2945 are those of the tower.
The meeting room is 4.17 on the second floor.
MySQL 8.0.36.1 is not supported, use version 9.1.0.2 instead.
Bitte die Artikelnummer 4006381333931 angeben.
Die Rechnung über 2.450,00 EUR ist am 30.06.2026 fällig.
Zimmer 312 ist ab 15 Uhr bereit.
Das Modell Weserstraße 3 gibt es in zwei Farben.
Der Bus 42 fährt alle 20 Minuten.
Im Jahr 1989 fiel die Mauer in Berlin.
Die Sitzung dauerte 3 Stunden und 25 Minuten.
Telefonieren ist im Ruhebereich nicht erlaubt.
Das Gerät hat 16 GB Speicher und 512 GB Platz.
La facture de 1 850,00 EUR est à payer avant le 15.
Le train de 17 h 42 a vingt minutes de retard.
La chambre 204 donne sur la cour.
Le rayon 12 est fermé pour travaux.
Il y a 365 jours dans une année, et 366 en 2024.
El pedido 778812345 se envió el lunes pasado.
La habitación 118 no tiene ventana.
El tren de las 7:35 sale de la vía 4.
El importe total es 2.340,50 euros con IVA incluido.
La reunión es en la plaza a las seis.
L'ordine 99120034 è in lavorazione.
Il treno delle 8:12 parte dal binario 3.
La stanza 21 è libera da domani.
Il totale è 1.299,00 euro, IVA inclusa.
La via per il successo è lunga.
A encomenda 55012378 saiu do armazém.
O quarto 305 tem vista para o mar.
O comboio das 9:20 foi suprimido.
O total é de 845,90 euros com IVA.
A rua estava cheia de gente.
Bestelling 44120987 is onderweg.
Kamer 12 is pas om drie uur klaar.
De trein van 7:58 valt uit.
Het totaal is 1.150,00 euro inclusief btw.
De weg was glad en donker.
Zamówienie 10293847 zostało wysłane.
Pokój 214 będzie gotowy o piętnastej.
Pociąg o 6:41 jest opóźniony.
Razem 2 345,00 zł z VAT.
Droga była długa i ciemna.
I am Not Sure what the error means.
Signed in as administrator at 10:42.
The customer said: thanks for nothing.
This is Part Two of the guide.
Read The Great Gatsby and write 500 words.
The Drive 200 disk is faster than the Drive 100.
Court 5 is free from 18:00 to 19:30.
Take exit 14, then follow the road for 3 miles.
Lane 2 is closed between junctions 7 and 9.
Square the numbers 12, 15 and 18.
The serial number 7823-4410-9921-0034 is on the label.
POST /api/v2/orders/9981234567/items returned 404.
uuid 9b2f6c1e-4f0a-4a53-9d5c-0f2f4f1b7c3e not found
commit 4f2d9e1 touched 17 files
epoch 1764390000000 is in milliseconds
192.168 is a prefix, not an address.
ffmpeg -i in.mp4 -ss 00:01:30 -t 00:00:45 out.mp4
The ratio 16:9 gives 1920x1080 or 2560x1440.
a = [10000000, 20000000, 30000000]
SELECT id FROM t WHERE id BETWEEN 1000000 AND 2000000;
The vote was 312 to 298 with 14 abstentions.
Page 1 of 12 | printed 2026-05-04
Batch 20260504-0031 passed inspection.
The hotline is open from 8 to 20.
Our phone support answers within 15 minutes.
The mobile site has 4500000 users a month.
Fax machines sold 1200000 units in 1997.
VAT 20% of 1,000.00 is 200.00.
The VAT return for 2025 is due on 31 January 2026.
Steuer 19 % auf 1.000,00 EUR sind 190,00 EUR.
The ID of the element is header-2026.
Form W-9 and form 1099 are different.
Gate B12 closes 20 minutes before departure.
Seat 34F is by the window.
Score: 88 of 100, rank 12 of 4500.
""".strip().splitlines()
"""Sentences without anybody's data."""


def held_out() -> Iterator[Planted]:
    """Each of twelve kinds in each of eight languages, once."""
    for language, lines in TEXTS.items():
        for line in lines.strip().splitlines():
            kind, _, text = line.partition("|")
            match = re.search(r"\[\[(.*?)\]\]", text)
            assert match is not None
            yield Planted(text.replace("[[", "").replace("]]", ""), kind, match[1], language)
