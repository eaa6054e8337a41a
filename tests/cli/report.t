#!/usr/bin/perl
# report.html and metrics.prom of a check and of a run of the dirty sample: well-formed, without a value of a record, the
# same figures as summary.json; and in a browser: no error, no request, readable at 400 and 1,400 pixels, light and dark.
#
# KYC_PICTURES=FOLDER keeps a picture of each page there, to be looked at.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use File::Copy qw(copy);
use JSON::PP;
use KycBrowser;
use KycRun;
use KycTest;
use Test::More;

my $root = abs_path("$FindBin::Bin/../..");
my $sandbox = sandbox_start('--latency', '1ms..5ms', '--nonce-window', '10000000000', '--fault', 'status-500:5%');
my ($key) = sandbox_keys($sandbox);
@ENV{qw(KYC_DEMO_KEY KYC_DEMO_SECRET)} = @$key;
my $work = scratch_folder();
my %report;

for my $command (qw(check run)) {
    my ($status, undef, $err) = run_program(program('kyc-import'), $command, "$root/jobs/demo.yaml", '-q',
        '--report', "$work/$command", '--set', "report=$work/own", '--set', "metrics=$work/own.prom", '--set', "ledger=sqlite:$work/demo.ledger",
        '--set', "provider.base_url=$sandbox->{url}/payward", '--set', 'provider.nonce_window=10000000000',
        '--set', 'delivery.rate=2000/s', '--set', 'delivery.in_flight=16');
    is($status, 1, "$command of the dirty sample has status 1") or diag $err;
    my $folder = "$work/$command" . ($command eq 'check' ? '/check' : '');
    $report{$command} = {
        page => read_file("$folder/report.html"),
        summary => JSON::PP->new->utf8->decode(read_file("$folder/summary.json")),
        metrics => read_file($command eq 'check' ? "$folder/metrics.prom" : "$work/own.prom"),
    };
    is_well_formed($report{$command}{page}, "$command: every element is closed where it must be");
    is(() = $report{$command}{page} =~ m{//}g, 0, "$command: the page refers to nothing outside of it");
    unlike($report{$command}{page}, qr/<script|\son\w+=|javascript:/i, "$command: it holds no script");
    is(mode("$folder/report.html"), '600', "$command: the page is its owner's alone");
    is(mode($command eq 'check' ? "$folder/metrics.prom" : "$work/own.prom"), '644', "$command: the metrics are everybody's");
    metrics_agree($report{$command}, $command);
}

values_are_masked();
metrics_of_a_command_that_could_not_begin();
my %page;
states_of_verification();
nights();
in_a_browser();
done_testing;

sub mode { return sprintf '%o', (stat $_[0])[2] & 07777; }

# A checker of the page's own subset of HTML: no optional end tags, attributes in double quotes.
sub is_well_formed
{
    my ($page, $sentence) = @_;
    my %void = map { $_ => 1 } qw(meta br wbr rect path);
    my (@open, @faults, %ids);
    (my $rest = $page) =~ s{<style>.*?</style>}{}s;
    push @faults, 'no document type' if $rest !~ s/\A<!DOCTYPE html>//;
    while ($rest =~ m{\G([^<]*)(?:<(/?)(\w+)((?:\s+[\w:-]+="[^"<]*")*)\s*(/?)>)?}gc) {
        my ($text, $end, $name, $attributes, $empty) = ($1, $2, $3, $4, $5);
        push @faults, "a bare & or > near: $text" if $text =~ /&(?!(?:amp|lt|gt|quot|#39);)|>/;
        last if !defined $name;
        while ($attributes =~ /\bid="([^"]*)"/g) {
            push @faults, "two elements have the id $1" if $ids{$1}++;
        }
        if ($end) {
            my $last = pop @open;
            push @faults, "</$name> ends " . (defined $last ? "<$last>" : 'nothing') if !defined $last || $last ne $name;
        } elsif (!$empty && !$void{$name}) {
            push @open, $name;
        }
        last if @faults > 5;
    }
    push @faults, 'not read to its end: ' . substr($rest, pos($rest) || 0, 60) if (pos($rest) || 0) < length $rest;
    push @faults, "never ended: @open" if @open;
    push @faults, map { "no element has the id $_" } grep { !$ids{$_} } $page =~ /href="#([^"]*)"/g;
    push @faults, map { "no element has the id $_" } grep { !$ids{$_} } map { split ' ' } $page =~ /aria-labelledby="([^"]*)"/g;
    ok(!@faults, $sentence) or diag join "\n", @faults;
}

# {PATH => value} of all numbers and texts in summary.json.
sub flattened
{
    my ($value, $path) = @_;
    return map { flattened($value->{$_}, defined $path ? "$path.$_" : $_) } keys %$value if ref $value eq 'HASH';
    return () if ref $value eq 'ARRAY' || !defined $value;
    return ($path => $value);
}

sub metrics_agree
{
    my ($report, $command) = @_;
    my %sample = $report->{metrics} =~ /^(kyc_import_\w+\{[^}]*\}) (\S+)$/mg;
    my $labels = qq(import="demo",command="$command");
    my %want = map {; qq(kyc_import_records{$labels,state="$_"}) => $report->{summary}{$_} }
        qw(read skipped valid rejected warned created updated unchanged refused in_doubt unsent absent in_doubt_absent
            provider_warned);
    for my $pair (['rejects_by_rule', 'rejects', 'rule'], ['warnings_by_rule', 'warnings', 'rule'],
        ['retries', 'retries', 'cause'], ['plan', 'plan_records', 'action'])
    {
        my ($member, $name, $label) = @$pair;
        $want{qq(kyc_import_$name\{$labels,$label="$_"})} = $report->{summary}{$member}{$_}
            for keys %{$report->{summary}{$member}};
    }
    my @faults = map { "$_: " . ($sample{$_} // 'missing') . ", not $want{$_}" }
        grep { !defined $sample{$_} || $sample{$_} != $want{$_} } sort keys %want;
    ok(!@faults, "$command: the metrics are the summary's") or diag join "\n", @faults;
    unlike($report->{metrics}, qr/@|\+\d{6}/, "$command: and hold nothing about a person");
}

# Every value of these rows is marked: none may be on the page, in the metrics or in the summary.
sub values_are_masked
{
    my $header = (split /\n/, csv_rows(0, 0))[0];
    my $case = case_new($sandbox, csv => join '', map { "$_\n" } $header,
        'Zqxkey1,Zqxfirst,Zqxlast,Zqxmail-no-address,Zqxphone,Zqx-date,Zqxtown,Zqxland,Zqxstreet,Zqxcity,Zqx1,Zqxland,Zqxland,Zqxjob',
        'Zqxkey1,Zqxfirst,"Zqx\"x,broken',
        "Zqxkey2,Zqxf\xff,Zqxlast,Zqxmail\@Zqxhost.example,+14155550110,1990-02-30,Zqxtown,US,Zqxstreet,Zqxcity,Zqx1,US,US,Zqxjob",
        'Zqxkey2,Zqxf,Zqxlast,zqxmail@zqxhost.example,+14155550110,1990-02-03,Zqxtown,US,Zqxstreet,Zqxcity,94103,US,US,other');
    my ($status, $out) = case_run($case, 'check');
    is($status, 1, 'the marked rows are rejected');
    for my $file (qw(report.html metrics.prom summary.json)) {
        my $text = read_file("$case->{folder}/reports/test/check/$file");
        unlike($text, qr/zqx/i, "$file shows no value of them");
    }
    unlike($out, qr/zqx/i, 'nor does the table on standard output');
    like($out, qr{reports/test/check/report\.html}, 'which names the page');
    like(read_file("$case->{folder}/reports/test/check/report.html"), qr/xxxxxxx-99|Xxxxxxx-xx-xxxxxxx/, 'their shapes are shown');
}

# The metrics show a run without an input, and when the last one succeeded.
sub metrics_of_a_command_that_could_not_begin
{
    my $case = case_new($sandbox, csv => csv_rows(3, 0));
    my ($status, undef, $err) = case_run($case, 'check');
    is($status, 0, 'a good check') or diag $err;
    unlink "$case->{folder}/export.csv" or die $!;
    my ($worse) = case_run($case, 'check');
    isnt($worse, 0, 'without its input it fails');
    my $metrics = read_file("$case->{folder}/reports/test/check/metrics.prom");
    like($metrics, qr/^kyc_import_status\{import="test",command="check"\} $worse$/m, 'the metrics say so');
    like($metrics, qr/^kyc_import_last_success_timestamp_seconds\{import="test",command="check"\} \d{10}$/m,
        'and keep the time of the last success');
}

sub in_a_browser
{
    my $browser = browser_start();
    my @looks = ([400, 'light'], [400, 'dark'], [1400, 'light'], [1400, 'dark'], [720, 'print']);
    SKIP: {
        skip 'chromium and chromium-driver are not installed', 1 if !$browser;
        for my $command (sort keys %report) {
            browser_open($browser, 'file://' . abs_path("$work/$command" . ($command eq 'check' ? '/check' : '') . '/report.html'));
            is_deeply([browser_console($browser)], [], "$command: nothing is on the console");
            is_deeply([grep { !m{^file://.*/report\.html$} } browser_requests($browser)], [], "$command: no request");
            figures_agree($browser, $command);
            look_at($browser, $command, @$_) for @looks;
        }
        for my $name (sort keys %page) {
            browser_open($browser, "file://$page{$name}");
            is_deeply([browser_console($browser)], [], "$name: nothing is on the console");
            is_deeply([grep { $_ ne "file://$page{$name}" } browser_requests($browser)], [], "$name: no request");
            look_at($browser, $name, @$_) for @looks;
        }
    }
}

sub look_at
{
    my ($browser, $name, $width, $scheme) = @_;
    browser_width($browser, $width);
    browser_scheme($browser, $scheme);
    is_readable($browser, "$name, $width pixels, $scheme");
    browser_picture($browser, "$ENV{KYC_PICTURES}/$name-$width-$scheme.png") if $ENV{KYC_PICTURES};
    return;
}

sub figures_agree
{
    my ($browser, $command) = @_;
    my $shown = browser_run($browser, <<'JS');
const figures = {};
for (const element of document.querySelectorAll('[data-figure]')) {
    const name = element.dataset.figure, value = element.value ?? element.dateTime ?? element.textContent;
    if (name in figures && figures[name] != value) throw new Error(name + ' is there twice');
    figures[name] = value;
}
return figures;
JS
    my $summary = $report{$command}{summary};
    my %want = flattened($summary);
    my @wanted = $command eq 'check'
        ? grep { !/^(?:created|updated|unchanged|refused|in_doubt|unsent|absent|in_doubt_absent|provider_warned|requests|retries\..*|breaker\..*|latency_ms\..*|rate_per_s|max_per_second|chain_head|partial)$/ } keys %want
        : grep { !/^(?:plan\.|partial$)/ } keys %want;
    my @faults = map { "$_: " . ($shown->{$_} // 'missing') . ", not $want{$_}" }
        grep { !defined $shown->{$_} || !same($shown->{$_}, $want{$_}) } sort @wanted;
    ok(!@faults, "$command: the figures on the page are the summary's") or diag join "\n", @faults;
    cmp_ok(scalar @wanted, '>', 40, "$command: all of them");

    my $sum = 0;
    $sum += $shown->{$_} for grep { /^rejects_by_country\./ } keys %$shown;
    is($sum, $summary->{rejected} + $summary->{refused}, "$command: the countries add up to what was turned down");
    is($shown->{'completeness.external_id'}, $summary->{read} - broken($summary),
        "$command: every record that has columns has a key");
    cmp_ok($shown->{'completeness.middle_name'}, '<', $summary->{read} / 2, "$command: few have a middle name");
}

sub broken
{
    my ($summary) = @_;
    my $count = 0;
    $count += $summary->{rejects_by_rule}{$_} for grep { m{^record/} } keys %{$summary->{rejects_by_rule}};
    return $count;
}

sub same
{
    my ($shown, $want) = @_;
    return $shown =~ /^[\d.]+$/ && $want =~ /^[\d.]+$/ ? $shown == $want : $shown eq $want;
}

# The states of the users are on the page of a run, in its summary and its metrics, once one is known.
sub states_of_verification
{
    my $case = case_new($sandbox, provider => 'payward', rows => 60);
    my $folder = "$case->{folder}/reports/test";
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, 'a run whose answers have no state') or diag $err;
    is(case_summary($case)->{verification}, undef, 'the summary has none');
    unlike(read_file("$folder/report.html"), qr/verification/i, 'nor has the page');
    unlike(read_file(case_metrics($case)), qr/verification/, 'nor have the metrics');

    my %id = map { @$_ } case_ledger($case, 'SELECT external_id, user_id FROM customer');
    my @state = (('verified') x 31, ('needs_action') x 5, ('rejected') x 2, 'deleted');
    for my $row (1 .. @state) {
        my $user = $id{sprintf 'cust-%06d', $row} =~ s/ /%20/gr;
        sandbox_control($sandbox, 'POST', "/_sandbox/verification?api=payward&user=$user&state=$state[$row - 1]", '');
    }
    ($status, undef, $err) = case_run($case, 'refresh', '-q', '--limit', 57);
    is($status, 1, 'a refresh of all but three users') or diag $err;
    case_run($case, '-q');
    my %want = (unknown => 3, pending => 18, verified => 31, action_needed => 5, rejected => 2, deleted => 1);
    is_deeply(case_summary($case)->{verification}, \%want, 'the summary of the next run has the states of all users');
    my $page = read_file("$folder/report.html");
    is_well_formed($page, 'the page is well-formed');
    is_deeply({$page =~ /<data value="(\d+)" data-figure="verification\.(\w+)">/g}, {reverse %want}, 'and has them too');
    my %sample = read_file(case_metrics($case)) =~ /^kyc_import_verification_customers\{import="test",command="run",state="(\w+)"\} (\d+)$/mg;
    is_deeply(\%sample, \%want, 'and so have the metrics');
    my ($check) = case_run($case, 'check', '-q');
    is($check, 0, 'a check');
    unlike(read_file("$folder/check/report.html"), qr/verification/i, 'whose page has none');
    keep_page(funnel => "$folder/report.html");
    page_of_a_refresh($case, $folder);
}

# Nights one after another: dirty, all well, stopped by the provider; with names as long as they come.
sub nights
{
    my $name = 'n' x 64;
    my $case = case_new($sandbox, provider => 'kraken-embed', rows => 40, bad => 8);
    my $long = 'of_a_long_name_' x 4;
    write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") =~ s/^job: test/job: $name/mr
        . join '', "rules:\n", map { "  - {rule: ${long}$_, field: email, must_match: 'x{$_}'}\n" } 1 .. 120);
    my $folder = "$case->{folder}/reports/$name";
    my ($status, undef, $err) = case_run($case, '-q');
    is($status, 1, 'a night on which every row breaks many rules') or diag $err;
    keep_page(rules => "$folder/report.html");
    write_file("$case->{folder}/job.yaml", read_file("$case->{folder}/job.yaml") =~ s/^rules:.*//msr);
    write_file("$case->{folder}/export.csv", csv_rows(40, 0));
    ($status, undef, $err) = case_run($case, '-q');
    is($status, 0, 'a night on which all is well') or diag $err;
    keep_page(well => "$folder/report.html");
    ($status) = case_run($case, '-q', '--limit', 5);
    is($status, 0, 'a part');
    write_file("$case->{folder}/export.csv", csv_rows(60, 4));
    my $file = (glob "$folder/history/2*/report.html")[-1];
    {
        local @ENV{grep { /^TEST_.*SECRET/ } keys %ENV} = ('d3Jvbmc=') x grep { /^TEST_.*SECRET/ } keys %ENV;
        ($status) = case_run($case, '-q');
        is($status, 4, 'a night that the provider stopped');
    }
    keep_page(stopped => "$folder/report.html");
    keep_page(history => "$folder/history/index.html");
    keep_page(kept => $file);
    is_well_formed(read_file($page{$_}), "$_: well-formed") for qw(rules well stopped history kept);
    my $index = read_file($page{history});
    my @rows = $index =~ m{<tr><th scope="row"><a href="([^"]+)/report\.html">}g;
    is(scalar @rows, 4, 'the index has four runs');
    is_deeply([sort { $b cmp $a } @rows], \@rows, 'newest first');
    is_deeply([$index =~ m{<span class="tone">(\d)</span>}g], [4, 0, 0, 1], 'with their status');
    like($index, qr/does not know these credentials/, 'and why one stopped');
    for my $of ([$index, "$folder/history"], [read_file($page{stopped}), $folder], [read_file($page{kept}), $file =~ s{/[^/]*$}{}r]) {
        my ($text, $base) = @$of;
        is_deeply([grep { !-e "$base/$_" } $text =~ /href="([^"#][^"]*)"/g], [], 'every link leads to a file');
    }
    my ($created) = read_file($page{stopped}) =~ m{<desc id="created-d">(.*?)</desc>};
    is_deeply([($created // '') =~ /: (\d+)\./g], [0, 40, 0, 0], 'the chart has its values as text');
    return;
}

# refresh.html has the counts of refresh.json, and names no customer.
sub page_of_a_refresh
{
    my ($case, $folder) = @_;
    my @users = case_ledger($case, 'SELECT external_id, user_id FROM customer');
    my %id = map { @$_ } @users;
    sandbox_control($sandbox, 'POST', '/_sandbox/verification?api=payward&user=' . $id{"cust-0000$_"} =~ s/ /%20/gr . '&state=rejected', '')
        for 45 .. 47;
    case_run($case, 'refresh', '-q');
    my $page = read_file("$folder/refresh.html");
    my $json = JSON::PP->new->utf8->decode(read_file("$folder/refresh.json"));
    is(mode("$folder/refresh.html"), '600', 'the page of a refresh is its owner\'s alone');
    is_well_formed($page, 'it is well-formed');
    unlike($page, qr{//|<script|\son\w+=|javascript:}i, 'it refers to nothing outside of it and has no script');
    my @named = grep { index($page, $_) >= 0 } map { @$_ } @users;
    is_deeply(\@named, [], 'it names no customer and no user');
    unlike($page =~ s{<style>.*?</style>}{}sr, qr/\@|\+\d{6}/, 'and has no e-mail address and no phone');
    my %want = (unknown => 0, pending => 18, verified => 31, action_needed => 5, rejected => 5, deleted => 1);
    is_deeply($json->{customers}, \%want, 'refresh.json has the states') or diag explain $json;
    is_deeply({$page =~ /data-figure="customers\.(\w+)">(\d+)</g}, \%want, 'and the page');
    is_deeply({$page =~ /data-figure="changed\.(\w+)">(\d+)</g}, {unknown => 0, pending => 3, verified => 0,
        action_needed => 0, rejected => 3, deleted => 0}, 'with what has changed since the last refresh');
    is_deeply([$page =~ m{<th scope="row">([^<]+)</th><td class="\w+"><span class="tone">([^<]+)</span></td><td class="number">(\d+)<}g],
        ['not read yet', 'pending', 3, 'pending', 'rejected', 3], 'and the changes that this refresh found');
    my %by_state;
    $by_state{$_->{state}} += $_->{count} for @{$json->{reasons}};
    is_deeply(\%by_state, {action_needed => 5, rejected => 5}, 'every customer that needs action or is rejected has its reason counted');
    for my $reason (@{$json->{reasons}}) {
        my $label = $reason->{state} =~ s/_/ /r;
        my $text = $reason->{reason} || 'none was given';
        like($page, qr{\Q$text\E.*?<td>$label</td><td class="number">$reason->{count}</td>}, "the reason `$text` is on the page");
    }
    keep_page(refresh => "$folder/refresh.html");
    return;
}

# For the browser, beyond the end of its case.
sub keep_page
{
    my ($name, $path) = @_;
    $page{$name} = abs_path($work) . "/$name.html";
    copy($path, $page{$name}) or die "$path: $!";
    return;
}

# No element wider than the page, no text below 12 pixels or with a contrast below 4.5.
sub is_readable
{
    my ($browser, $where) = @_;
    my $faults = browser_run($browser, <<'JS');
const faults = [];
const wide = document.scrollingElement.scrollWidth;
if (wide > innerWidth) faults.push('the page is ' + wide + ' pixels wide');
const numbers = (color) => (color.match(/[\d.]+/g) || []).map(Number);
const light = (c) => { const s = c / 255; return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4; };
const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
        const color = numbers(getComputedStyle(at).backgroundColor);
        if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
};
const seen = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest('svg, style')) continue;
    const style = getComputedStyle(element), box = element.getBoundingClientRect();
    if (!box.width) continue;
    const a = luminance(numbers(style.color)), b = luminance(ground(element));
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const what = element.tagName + ' ' + element.className + ' "' + node.data.trim().slice(0, 30) + '"';
    if (contrast < 4.5) seen.add('contrast ' + contrast.toFixed(2) + ': ' + style.color + ' in ' + what);
    if (parseFloat(style.fontSize) < 12) seen.add(style.fontSize + ': ' + what);
    if (box.right > innerWidth + 1 && !element.closest('.scroll')) seen.add('ends at ' + box.right.toFixed(0) + ': ' + what);
}
faults.push(...[...seen].slice(0, 10));
for (const table of document.querySelectorAll('table'))
    if (!table.caption || [...table.querySelectorAll('th')].some((th) => !th.scope)) faults.push('a table without caption or scope');
for (const svg of document.querySelectorAll('svg'))
    if (svg.getAttribute('role') !== 'img' || !svg.querySelector('title')?.textContent.trim()) faults.push('an svg without role or title');
for (const landmark of ['header', 'nav', 'main', 'footer'])
    if (!document.querySelector(landmark)) faults.push('no ' + landmark);
if (document.querySelectorAll('h1').length !== 1 || !document.documentElement.lang) faults.push('not one h1, or no lang');
return faults;
JS
    is_deeply($faults, [], "readable: $where");
}
