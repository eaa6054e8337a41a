#!/usr/bin/perl
# The manual pages, the help and the parsers agree: options, settings, ranges, rules and statuses of the pages are those of
# the programs, every example of the job file loads, and the pages are clean for mandoc and man-db.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use Test::More;
use KycTest;

my $root = abs_path("$FindBin::Bin/../..");
my ($import, $sandbox) = map { abs_path(program($_)) } qw(kyc-import kyc-sandbox);
my $pages = abs_path(program('man'));
my $folder = scratch_folder();
my %page = map { $_ => roff("$pages/$_") } qw(kyc-import.1 kyc-import-job.5 kyc-sandbox.1);

# [{section, term, text, examples}]: the items (.TP) of a page, without its markup.
sub roff
{
    my ($path) = @_;
    my ($section, $term, @items, $in_example) = ('');
    my @lines = split /\n/, read_file($path);
    while (defined(my $line = shift @lines)) {
        if ($line =~ /^\.S([HS]) (.*)/) { ($section, $term) = (plain($2), undef); push @items, {section => $section, term => '', text => '', examples => []} }
        elsif ($line eq '.TP') { push @items, {section => $section, term => plain(shift @lines), text => '', examples => []} }
        elsif ($line eq '.EX') { $in_example = 1; push @{$items[-1]{examples}}, '' if @items }
        elsif ($line eq '.EE') { $in_example = 0 }
        elsif ($in_example) { $items[-1]{examples}[-1] .= plain($line) . "\n" }
        elsif (@items && $line !~ /^\.(?:PP|RS|RE|br)/) { $items[-1]{text} .= plain($line =~ s/^\.IP.*//r) . "\n" }
    }
    return \@items;
}

sub plain
{
    my ($text) = @_;
    my %of = (aq => "'", ga => '`', ha => '^', ti => '~', bu => '*');
    $text =~ s/^\\&//;
    $text =~ s/\\f[BIR]//g;
    $text =~ s/\\-/-/g;
    $text =~ s/\\\((\w\w)/$of{$1}/g;
    $text =~ s/\\\[u([0-9A-F]+)\]/my $c = chr hex $1; utf8::encode($c); $c/ge;
    $text =~ s/\\e/\\/g;
    return $text;
}

sub items { my ($page, $pattern) = @_; return grep { $_->{term} =~ $pattern } @{$page{$page}}; }
sub help { my ($topic) = @_; return (run_program($import, 'help', $topic))[1]; }

subtest 'mandoc and man-db find nothing' => sub {
    for my $name (sort keys %page) {
        SKIP: {
            skip 'mandoc is not installed', 1 if !grep { -x "$_/mandoc" } split /:/, $ENV{PATH};
            is(join('', (run_program('mandoc', '-T', 'lint', '-W', 'warning', "$pages/$name"))[1, 2]), '', "$name: mandoc");
        }
        SKIP: {
            skip 'man is not installed', 2 if !grep { -x "$_/man" } split /:/, $ENV{PATH};
            local @ENV{qw(MANWIDTH LC_ALL MANROFFOPT)} = (80, 'C.UTF-8', '');
            my ($status, $text, $err) = run_program('man', '--warnings', '-l', "$pages/$name");
            is("$status$err", '0', "$name: man");
            # Prose has 7 to 14 blanks before it; a literal line may be longer.
            is((grep { length > 130 } split /\n/, $text), 0, "$name: no line is endless in 80 columns");
        }
    }
};

my @commands = help('') =~ /^  ([a-z]+) /mg;

# What an option takes in a try.
sub value_of
{
    my ($flag, $placeholder) = @_;
    return if !defined $placeholder;
    return $placeholder =~ /^([a-z]+)\|/ ? $1 : $placeholder eq 'N' ? 5 : $placeholder ne 'STATE' ? 'a=b' : $flag eq '--state' ? 'in_doubt' : 'pending';
}

# True when the parser takes the options with the command: nothing is run here.
sub is_taken
{
    my ($command, %options) = @_;
    return (run_program($import, $command, (map { my $value = value_of($_, $options{$_}); ($_, defined $value ? $value : ()) } sort keys %options), '--help'))[0] == 0;
}

subtest 'commands and options' => sub {
    cmp_ok(scalar @commands, '>', 15, 'the help lists commands');
    my %subsection = map { $_->{section} =~ /^kyc-import (\w+)/ ? ($1 => 1) : () } @{$page{'kyc-import.1'}};
    is(join(' ', sort keys %subsection), join(' ', sort @commands), 'each command has its subsection');
    my %has; # {command}{option}
    for my $item (items('kyc-import.1', qr/^--?\w/)) {
        my ($flag, $value) = split ' ', $item->{term}, 2;
        my @of = map { split /, / } $item->{text} =~ /^\(([a-z, ]+)\)$/mg;
        $has{$_}{$flag} = $value for @of ? @of : @commands;
    }
    for my $command (@commands) {
        my %help = map { /^  (-\S+)(?: (\S+(?: \S+)*))?(?: {2,}|$)/ ? ($1 => $2) : () } split /\n/, help($command);
        is_deeply($has{$command}, \%help, "$command: the page and the help have the same options, with the same values");
        # All in one go; one by one where two exclude each other, or one is refused.
        my @refused = is_taken($command, %{$has{$command}}) ? () : grep { !is_taken($command, $_, $has{$command}{$_}) } sort keys %{$has{$command}};
        is("@refused", '', "$command: the parser takes them");
    }
    for my $flag (sort map { keys %$_ } $has{run}) {
        my ($other) = grep { !exists $has{$_}{$flag} } @commands or next;
        ok(!is_taken($other, $flag, $has{run}{$flag}), "$other does not take $flag, which it does not have in the page");
    }
};

subtest 'kyc-sandbox' => sub {
    my $help = (run_program($sandbox, '--help'))[1];
    my @options = $help =~ /^  (--[\w-]+)/mg;
    cmp_ok(scalar @options, '>', 20, 'the help has options');
    is(join(' ', sort map { (split ' ', $_->{term})[0] } items('kyc-sandbox.1', qr/^--/)), join(' ', sort @options), 'the page has them all, and no other');
    my %path = map { $_ => 1 } map { $_->{term} =~ m{(/_sandbox[\w/-]*)} } @{$page{'kyc-sandbox.1'}};
    my @paths = grep { !m{/ID$|/NAME$} } map { m{^ \*   (?:GET|POST)? *(/_sandbox[\w/-]*)} ? $1 : () } split /\n/, read_file("$root/src/sandbox/control.h");
    is(join(' ', grep { !$path{$_} } map { s{/(?:ID|NAME)$}{}r } @paths), '', 'its control paths are there: ' . @paths);
};

# --- The job file. Every column that an example names is in the input.
my @columns = qw(phone first_name last_name date_of_birth address_line1 nationalities occupation birth_city birth_country customer_id email mail mobile landline full_name dob geboren created nats job_title status deleted_at street number house_number
    country country_code birth_year birth_month birth_day ssn id_type id_no id_country id_expiry id_front id_back selfie bill bill_no passport_no
    passport_country passport_picture city postal_code);
my %credentials = (payward => '{api_key: env:A, api_secret: env:B}', kira => '{api_key: env:A, client_id: env:B, password: env:C}', payso => '{token: env:A}');
$credentials{'kraken-embed'} = $credentials{payward};
mkdir "$folder/$_" for qw(exports scans);
# The third line is a header for a job that skips two lines.
my $export = join(',', @columns) . "\n" . ',' x $#columns . "\ncustomer_id\n7\n";

# The fields that each provider requires, by their examples in the page.
my %example = map { squeezed($_->{examples}[0] // '') =~ /^fields: \{(\w+: .*)\}$/ ? ($_->{term} => $1) : () } items('kyc-import-job.5', qr/^\w+$/);
my @required = grep { $example{$_} && $_ ne 'external_id' } qw(email phone first_name last_name date_of_birth birth_city birth_country address_line1 city state postal_code
    country nationalities occupation tos_version);

# (status, standard error) of a check of a job; what it lacks is added.
sub load
{
    my ($text, $provider, @options) = @_;
    $provider //= 'payward';
    $text = "job: test\n$text" if $text !~ /^job:/m;
    $text .= "input: {path: export.csv}\n" if $text !~ /^input:/m;
    $text .= "provider: {name: $provider, credentials: $credentials{$provider}}\n" if $text !~ /^provider:/m;
    $text =~ s/^(provider:\n)(?!  name)/$1  name: $provider\n  credentials: $credentials{$provider}\n/m;
    $text .= 'fields: {external_id: ' . ($text =~ /header: \[/ ? 'id' : 'customer_id') . "}\n" if $text !~ /^fields:/m;
    $text =~ s/^(fields:\n)(?!.*external_id)/$1  external_id: customer_id\n/ms;
    my ($mapped) = $text =~ /^fields:(.*?)(?=^\w|\z)/ms;
    $mapped =~ s/^ \{//;
    1 while $mapped =~ s/\{[^{}]*\}|\[[^\[\]]*\]//g; # what is in a mapping of a field is not a field
    my @missing = map { $example{$_} } grep { $mapped !~ /\b$_: / } @required;
    $text =~ s/^fields: \{/'fields: {' . join '', map { "$_, " } @missing/me;
    $text =~ s/^fields:\n/"fields:\n" . join '', map { "  $_\n" } @missing/me;
    write_file("$folder/$_", $text =~ /delimiter: ";"|quote: |escape: / ? "customer_id\n1\ncustomer_id\n7\n" : $export) for 'export.csv', 'exports/customers-1.csv.gz';
    write_file("$folder/company-ca.pem", "a certificate\n");
    write_file("$folder/job.yaml", $text);
    my ($status, undef, $err) = run_program($import, "explain", "$folder/job.yaml", "--row", 1, "-q", @options);
    return ($status, $err);
}

# An example of a setting is one line of YAML in braces: it is put into the part of a whole job.
sub whole
{
    my ($example, $provider) = @_;
    return "ledger: postgresql://kyc\@127.0.0.1:1/kyc\nledger_key: env:NO_KEY\n$example\n" if $example =~ /^ledger_password/;
    my ($part, $inner) = $example =~ /^(\w+): \{(.*)\}$/ or return "$example\n";
    my %base = (input => 'path: export.csv, ', provider => "name: $provider, credentials: $credentials{$provider}, ", fields => 'external_id: customer_id, ',
        notify => 'url: "https://hooks.example.com/kyc", ');
    my $base = join '', map { $inner =~ /^(?:path|credentials|name|external_id|command|url): / ? ($inner =~ /^credentials/ ? "name: $provider, " : '') : $_ } $base{$part} // '';
    $base = 'external_id: id, ' if $part eq 'fields' && $inner =~ /header/;
    return "$part: {$base$inner}\n";
}

sub loads
{
    my ($text, $sentence, $provider) = @_;
    my ($status, $err) = load($text, $provider);
    ok($status != 2, $sentence) or diag "$text$err";
}

my @settings = items('kyc-import-job.5', qr/^(?:job|input|provider|fields|rules|delivery|ledger\w*|report\w*|metrics|notify)(?:\W|$)/);
@settings = grep { $_->{text} =~ /^Value: /m && $_->{term} !~ / / && $_->{section} ne 'CUSTOMER FIELDS' } @settings;

subtest 'every setting of the page is in the help, and its example loads' => sub {
    cmp_ok(scalar @settings, '>', 70, 'the page has settings');
    my @sets;
    my %help = map { /^  (\S+)\n((?: {6,}.*\n?)+)/ ? ($1 => $2) : () } split /\n(?=  \S)/, help('job');
    for my $item (@settings) {
        my ($name, @examples) = ($item->{term}, @{$item->{examples}});
        my $text = $help{$name} or fail("help job has $name") or next;
        my ($value) = $item->{text} =~ /^Value: (.*)\.$/m;
        like(squeezed($text), qr/\Q@{[squeezed($value)]}\E/, "$name: the help has the same form and default") if $value;
        # Of plain settings, all examples in one run.
        if (@examples && $name =~ /^(?:delivery|ledger$|report|input\.(?:max|min|null)|provider\.(?:ca_file|proxy|keep))/ && squeezed($examples[0]) =~ /\b(\w+): ([^{}]+?)\}*$/) {
            push @sets, '--set', "$name=$2";
        } elsif (@examples) {
            loads(whole(squeezed($examples[0]), 'payward'), "$name: its example loads");
        }
    }
    cmp_ok(scalar @sets, '>', 30, 'plain settings: ' . @sets / 2);
    ok((load('', undef, @sets))[0] != 2, 'the examples of plain settings load') or diag +(load('', undef, @sets))[1];
};

sub squeezed { return $_[0] =~ s/\s+/ /gr =~ s/^ | $//gr; }

subtest 'every setting that is known is in the page' => sub {
    my %in = map { $_->{term} =~ s/^fields\.FIELD/fields.*/r => 1 } @settings;
    $in{$_} = 1 for map { $_->{term} } items('kyc-import-job.5', qr/./);
    my ($section, @missing) = '';
    for (split /\n/, read_file("$FindBin::Bin/contract.txt")) {
        if (/^\[(.+)\]$/) { $section = $1; next }
        next if $section !~ /^job file/ || !/^([a-z_.]+): /;
        my $key = $1;
        push @missing, $key if !$in{$key} && !($key =~ /^provider\.(.*)/ && $in{$1}) && !($key =~ /^fields\.[a-z_]+\.(\w+)$/ && $in{"fields.*.$1"}) && !($key =~ /^(?:fields\.|additional_info|metadata)/);
    }
    is("@missing", '', 'each key of contract.txt');
};

subtest 'ranges are those of the parser' => sub {
    my ($count, @sets) = 0;
    my $whole = "notify: {url: \"https://hooks.example.com/kyc\"}\n";
    load($whole);
    for my $item (@settings) {
        my ($min, $max, $unit) = $item->{text} =~ /^Value: [^;]*?, (\d+)[\w%]* to (\d+)(\w*)/m or next;
        next if $item->{term} =~ /[\[F]/;
        $unit = $unit || ($item->{text} =~ /share in %/ ? '%' : $item->{text} =~ m{number per /s} ? '/s' : '');
        $count++;
        my $set = sub { (run_program($import, 'check', "$folder/job.yaml", '-q', '--report', "$folder/report", '--set', "$item->{term}=$_[0]"))[0] };
        push @sets, '--set', "$item->{term}=$max$unit";
        is($set->(($max + 1) . $unit), 2, "$item->{term}: a larger value is not");
        is($set->(($min - 1) . $unit), 2, "$item->{term}: nor a smaller one than $min") if $min > 0 && $unit !~ /^[hm]|iB$/;
    }
    cmp_ok($count, '>', 12, 'settings have ranges');
    ok((load($whole, undef, @sets))[0] != 2, 'the largest values are taken') or diag +(load($whole, undef, @sets))[1];
};

subtest 'defaults' => sub {
    my %default = ('delivery.burst' => 5, 'delivery.attempts' => 6, 'delivery.timeout' => '30s', 'delivery.retry_for' => '10m', 'delivery.canary' => 10,
        'delivery.on_change' => 'update', 'delivery.in_doubt' => 'settle', 'delivery.twins' => 'refuse', 'delivery.stop_after.refused_in_a_row' => 25,
        'delivery.stop_after.refused_share' => '20%', 'delivery.stop_after.updated_share' => '10%', 'delivery.stop_after.twins' => '20%',
        'input.max_record' => '1MiB', 'input.min_records' => 1, 'input.encoding' => 'utf-8', 'input.csv.ragged' => 'reject',
        'input.csv.skip_footer' => 0, 'rules[].level' => 'reject', 'fields.FIELD.unmatched' => 'reject');
    my %text = map { $_->{term} => $_->{text} } @settings;
    like($text{$_}, qr/; default \Q$default{$_}\E\.$/m, "$_: $default{$_}") for sort keys %default;
    # By what the program does: a record of exactly the default length, one longer; an export of no record.
    my $job = "job: test\nprovider: {name: payward, credentials: $credentials{payward}}\nfields: {" . join(', ', 'external_id: customer_id', @example{@required}) . "}\n";
    for (['', 3, 'no record is fewer than min_records'], ["1\n", 0, 'one record is enough']) {
        my ($rows, $want, $sentence) = @$_;
        write_file("$folder/few.csv", "customer_id\n$rows");
        write_file("$folder/few.yaml", "${job}input: {path: few.csv}\n");
        is((run_program($import, 'check', "$folder/few.yaml", '-q'))[0], $want, $sentence);
    }
    for ([1 << 20, 0], [(1 << 20) + 1, 1]) {
        my ($len, $is_long) = @$_;
        write_file("$folder/few.csv", "customer_id,x\n1," . 'x' x ($len - 2) . "\n");
        my $out = (run_program($import, 'check', "$folder/few.yaml", '-q', '--json'))[1];
        is(scalar($out =~ m{"record/too_long"}) ? 1 : 0, $is_long, "a record of $len bytes by max_record");
    }
};

subtest 'every block of a job in the pages loads' => sub {
    my $count = 0;
    for my $name ('kyc-import.1', 'kyc-import-job.5') {
        for my $block (read_file("$root/src/man/$name.md") =~ /^```yaml\n(.*?)^```$/msg) {
            $count++;
            my ($provider) = grep { (load($block, $_))[0] != 2 } $block =~ /^  name: (\S+)/m ? $1 : provider_names();
            loads($block, "$name, block $count", $provider);
        }
    }
    cmp_ok($count, '>=', 9, 'there are blocks');
};

subtest 'customer fields and providers' => sub {
    my @fields = grep { $_->{section} eq 'CUSTOMER FIELDS' && $_->{term} } @{$page{'kyc-import-job.5'}};
    my @names = help('fields') =~ /^  (\S+)(?: {2,}|$)/mg;
    is(join(' ', map { $_->{term} } @fields), join(' ', @names), 'the page has the fields of the help: ' . @names);
    for my $provider (provider_names()) {
        my @own = grep { $_->{section} eq $provider } @{$page{'kyc-import-job.5'}};
        ok(scalar @own, "$provider has a subsection") or next;
        my %has = map { $_->{term} => 1 } @own;
        my $help = help($provider);
        is(join(' ', grep { !$has{$_} } map { /^  (?:  )?(\S+) {2,}/ ? $1 : () } split /\n/, $help), '', "$provider: all of its help is in the page");
        loads(whole(squeezed($_->{examples}[0]), $provider), "$provider: the example of $_->{term} loads", $provider) for grep { @{$_->{examples}} } @own;
        # All fields that it takes in one job; one by one only to name the one that is refused.
        my @taken = grep { $_->{text} =~ /^Providers: .*\b\Q$provider\E\b/m && $_->{term} ne 'external_id' } @fields;
        my @lines = map { squeezed($_->{examples}[0]) =~ /^fields: \{(.*)\}$/ ? $1 : () } @taken;
        is(scalar @lines, scalar @taken, "$provider: each of its fields has an example: " . @taken);
        my ($status) = load('fields: {' . join(', ', 'external_id: customer_id', @lines) . "}\n", $provider);
        ok($status != 2, "$provider: they load");
        loads("fields: {external_id: customer_id, $_}\n", "$provider: $_", $provider) for $status == 2 ? @lines : ();
    }
};

subtest 'rules' => sub {
    my @verdicts = grep { $_->{section} eq 'Verdicts' && $_->{term} } @{$page{'kyc-import-job.5'}};
    my (%warns, %known);
    for (map { $_->{term} } @verdicts) { $warns{s/ \(warning\)//r} = / \(warning\)/ ? 1 : 0 }
    my @shown = help('rules') =~ m{^  (\w+/\w+(?: \(warning\))?)$}mg;
    is(join(' ', map { $_->{term} } @verdicts), join(' ', @shown), 'the page has the verdicts of the help: ' . @shown);
    my @rules = read_file("$root/src/model/verdict.h") =~ /define RULE_\w+ +"(\w+)"/g;
    $known{s{.*/}{}r} = 1 for keys %warns;
    is(join(' ', grep { !$known{$_} } @rules), '', 'each rule of the program has its verdict: ' . @rules);
    my ($job) = read_file("$root/samples/every-defect.yaml") =~ /^(rules:.*?)(?=^\w|\z)/ms;
    my %own = map { $_ => 1 } ($job // '') =~ /rule: (\w+)/g;
    my $out = (run_program($import, 'check', "$root/samples/every-defect.yaml", '-q', '--json', '--report', "$folder/report"))[1];
    for (['rejects_by_rule', 0], ['warnings_by_rule', 1]) {
        my ($list, $want) = @$_;
        my ($text) = $out =~ /"$list":\{([^}]*)\}/;
        for my $verdict (($text // '') =~ m{"(\w[\w.]*/\w+)"}g) {
            my ($field, $rule) = split m{/}, $verdict;
            next if $own{$rule};
            my ($found) = grep { exists $warns{$_} } $verdict, ($field =~ /date|expiry/ ? "DATE/$rule" : ()), "FIELD/$rule";
            ok(defined $found, "$verdict is in the page") or next;
            # What a word for no value is, depends on the field; a field that a provider only recommends is a warning.
            is($warns{$found}, $want, "$verdict: " . ($want ? 'a warning' : 'it rejects')) if $rule !~ /^(?:damaged|required|format|country_refused)$/;
        }
    }
    my @words = grep { $_->{section} eq 'RULES' && $_->{term} =~ /^\w+$/ } @{$page{'kyc-import-job.5'}};
    cmp_ok(scalar @words, '>=', 9, 'rules by a word');
    loads($_->{examples}[0] =~ s/\s+/ /gr . "\nfields: {external_id: customer_id, email: email, phone: mobile, date_of_birth: dob, first_name: {column: full_name, match: '.*'}, last_name: {column: full_name, match: '.+'}, postal_code: postal_code}\n",
        "the example of $_->{term} loads") for @words;
};

subtest 'topics of the help' => sub {
    like(help('rules'), qr{^  record/malformed\n}m, 'help rules has verdicts');
    like(help('dates'), qr/^  unix_ms +\S/m, 'help dates has forms');
    like(help('statuses'), qr/^    7  another process/m, 'help statuses has them');
    my @statuses = grep { $_->{section} eq 'EXIT STATUS' && $_->{term} =~ /^\d$/ } @{$page{'kyc-import.1'}};
    is(join('', map { $_->{term} } @statuses), '01234567', 'and the page');
    like(help('phone'), qr/^  payward\n  phone +phone; required/m, 'help FIELD says what a provider makes of it');
    like((run_program($import, 'help', $_->[0]))[2], qr/did you mean `\Q$_->[1]\E`/, "help $_->[0] names $_->[1]")
        for ['delivery.rat', 'delivery.rate'], ['in_fligt', 'in_flight'], ['date_of_brith', 'date_of_birth'], ['ruels', 'rules'];
};

subtest 'what a page leaves out is found' => sub {
    for (['kyc-import-job.5', '@settings delivery\.\w+', 'the setting delivery.rate'], ['kyc-import.1', '@command links', undef], ['kyc-import.1', '@command', 'the command version']) {
        my ($name, $line, $missing) = @$_;
        my $text = read_file("$root/src/man/$name.md");
        $text =~ s/^\Q$line\E\n//m or fail("$name has $line");
        write_file("$folder/$name.md", $text);
        my ($status, undef, $err) = run_program("$root/scripts/make-manual", abs_path(program('.')), '0.1.0', "$folder/$name.md");
        $missing ? like($err, qr/lacks .*\Q$missing\E/, "$name without $line") : is($status, 0, "$name: the last $_->[1] has what no line places");
    }
};
done_testing;
