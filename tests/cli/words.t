#!/usr/bin/perl
# kyc-import words: the words of an input's enumerations and countries, with their counts, as `values` to paste.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycTest;

my @header = qw(id mail first last land nat locale sex pep funds purpose);
my $fields = <<'END';
  external_id: id
  email: mail
  first_name: first
  last_name: last
END

# A folder with in.csv and job.yaml. more: lines of fields; input: further settings of it.
sub new_case
{
    my ($rows, $more, %set) = @_;
    my $dir = scratch_folder();
    write_file("$dir/in.csv", join '', map { "$_\n" } $set{header} // join(',', @header), @$rows);
    write_job($dir, $more, %set);
    return $dir;
}

sub write_job
{
    my ($dir, $more, %set) = @_;
    write_file("$dir/job.yaml", "job: words\ninput: {path: " . ($set{path} // 'in.csv') . ($set{input} // '') . "}\n"
            . "provider: {name: kira, credentials: {api_key: env:KA, client_id: env:KC, password: env:KP}}\n"
            . "fields:\n$fields$more" . "ledger: sqlite:words.ledger\nreport: report\n");
}

sub words
{
    my ($dir, $want, @more) = @_;
    my ($status, $out, $err) = run_program(program('kyc-import'), 'words', "$dir/job.yaml", @more);
    is($status, $want, "words @more: status $want") or diag $err;
    return wantarray ? ($out, $err) : $out;
}

sub row
{
    my ($id, %cell) = @_;
    my %row = (id => $id, mail => "c$id\@example.com", first => 'Ann', last => "Morgan", map { $_ => '' } @header[4 .. $#header]);
    return join ',', map { /[,"]/ ? '"' . s/"/""/gr . '"' : $_ } map { $cell{$_} // $row{$_} } @header;
}

subtest 'each kind of word' => sub {
    my $dir = new_case([
            row(1, land => 'Germny', nat => 'US/GB', locale => 'en-US', sex => 'F', pep => 't', funds => 'salary'),
            row(2, land => 'Congo', nat => 'American', locale => 'de', sex => 'H', pep => 'f', funds => 'Salary'),
            row(3, land => 'Ruritania', nat => 'Fench/Dominican', locale => 'Klingon', sex => 'M', pep => 'maybe', funds => 'salry'),
            row(4, land => 'Ruritania', nat => ' ', locale => 'es_MX', sex => 'M', pep => 'on', funds => 'a "loan": why'),
        ],
        "  country: land\n  nationalities: {column: nat, split: \"/\"}\n  language: locale\n  gender: sex\n  pep_status: pep\n  source_of_funds: funds\n");
    my ($out, $err) = words($dir, 0);
    is($err, '', 'nothing but the result');
    is((split /\n/, $out)[0], '# words in 4 rows; a mapping below takes the place of the field\'s in the job', 'the head');
    my %block = $out =~ /^  # (\w+): (.*?)(?=^  # \w+: |\z)/msg;
    is_deeply([sort keys %block], [sort qw(country nationalities language gender pep_status source_of_funds)], 'every field of words, no other');
    is($block{country}, <<'END', 'countries: the nearest, the ambiguous, and what is none');
3 distinct words in 4 rows; 3 not known, in 4 rows
  country:
    column: land
    values:
      # Ruritania: CODE    # 2 rows
      # Congo: CODE    # 1 row; Congo (CG), Congo, The Democratic Republic of the (CD)
      Germny: DE    # CHECK, the nearest; 1 row
END
    is($block{nationalities}, <<'END', 'a list by its items; a null value is none');
5 distinct words in 5 items; 2 not known, in 2 items
  nationalities:
    column: nat
    split: "/"
    values:
      # Dominican: CODE    # 1 item; Dominica (DM), Dominican Republic (DO)
      Fench: FR    # CHECK, the nearest; 1 item
      # read as they are:
      #   American: US    # 1 item
      #   GB: GB    # 1 item
      #   US: US    # 1 item
END
    is($block{language} =~ s/^  # words.*\n//mr, <<'END', 'languages that the provider does not have are unknown');
4 distinct words in 4 rows; 2 not known, in 2 rows
  language:
    column: locale
    # values:
      # Klingon: WORD    # 1 row
      # de: WORD    # 1 row
      # read as they are:
      #   en-US: en    # 1 row
      #   es_MX: es    # 1 row
END
    like($block{gender}, qr/^      # H: WORD    # 1 row\n      # CHECK every letter: .*^      #   M: male    # 2 rows\n      #   F: female    # 1 row\n/ms, 'genders');
    like($block{pep_status}, qr/^      # maybe: true or false    # 1 row\n.*^      #   f: "false"    # 1 row\n      #   "on": "true"    # 1 row\n/ms, 'booleans');
    like($block{source_of_funds}, qr/^  # words of kira: salary, .*^      # "a \\"loan\\": why": WORD    # 1 row\n      salry: salary    # CHECK, the nearest; 1 row\n/ms,
        'enumerations, with the words of the provider; a key is quoted where YAML needs it');
};

subtest 'a block is pasted' => sub {
    my @rows = (row(1, land => 'Germny', funds => 'sallary', purpose => 'recieve salary'), row(2, land => 'y: "n"', funds => 'no', purpose => 'receive_salary'),
        row(3, land => 'Austria', funds => '# 3', purpose => 'recieve salary'));
    my $dir = new_case(\@rows, "  country: land\n  source_of_funds: {column: funds, otherwise: gifts, values: {\"no\": savings, \"\": gifts}}\n  account_purpose: purpose\n");
    my $out = words($dir, 0);
    like($out, qr/which are `otherwise` now\n/, 'what otherwise covers is not known');
    my $pasted = $out =~ s/\A.*?^fields:\n//msr;
    like($pasted, qr/^    otherwise: gifts\n/m, 'otherwise stays');
    like($pasted, qr/^      "no": savings    # in the job\n      "": gifts    # in the job\n/m, 'so do the values of the job');
    write_job($dir, $pasted);
    my ($status, $json, $err) = run_program(program('kyc-import'), 'check', "$dir/job.yaml", '--json');
    is($status, 1, 'the job loads') or diag $err;
    like($json, qr/"country\/country":1\b/, 'the word without a near one is still rejected');
    unlike($json, qr/account_purpose\/enum|source_of_funds\/enum/, 'the near ones are mapped');
    (my $chosen = $pasted) =~ s/^      # ("y: \\"n\\""): CODE/      $1: NO/m;
    isnt($chosen, $pasted, 'a person chooses a country');
    write_job($dir, $chosen);
    ($status, $json, $err) = run_program(program('kyc-import'), 'check', "$dir/job.yaml", '--json');
    is($status, 0, 'and every row is valid') or diag $json;
};

subtest 'the source of a field' => sub {
    my $dir = new_case([row(1, land => 'country: Germny;', nat => 'x'), row(2, land => '', nat => 'Austra'), row(3, land => 'none', nat => 'NULL')],
        "  country: {columns: [land, nat], match: '(?:country: )?(\\w+);?', replace: '\$1'}\n", input => ', null_values: [none, NULL]');
    my $out = words($dir, 0);
    like($out, qr/^  country:    # the other keys of its mapping stay\n    values:\n      Austra: A[TU]    # CHECK, the nearest; 1 row\n      Germny: DE    # CHECK/m,
        'after columns, null values, match and replace: what `values` is looked up with');
    $dir = new_case([row(1, land => 'Ruritania', nat => 'a'), row(2, land => 'Atlantis', nat => 'b')], "  country: land\n", input => ', where: [{column: nat, must_match: ^a$}]');
    $out = words($dir, 0);
    like($out, qr/\A# words in 2 rows, 1 skipped;/, 'rows that where leaves out are counted');
    unlike($out, qr/Atlantis/, 'and their words are not listed');
    write_file("$dir/other.csv", join(',', @header) . "\n" . row(1, land => 'Mordor', nat => 'a') . "\n");
    $out = words($dir, 0, '--input', "$dir/other.csv");
    like($out, qr/Mordor/, '--input');
    unlike($out, qr/Ruritania/, 'in place of the job\'s');
    my $latin = new_case([row(1, land => "R\xfdritania")], "  country: land\n", input => ', encoding: iso-8859-1');
    like(words($latin, 0), qr/^      # "R\xc3\xbdritania": CODE    # 1 row$/m, 'an encoding');
    $out = words($dir, 0, '--input', "$dir/other.csv", '--limit', 1, '--set', 'input.csv.delimiter=","');
    like($out, qr/in 1 row;/, '--limit and --set');
};

subtest 'NDJSON' => sub {
    my $dir = scratch_folder();
    write_file("$dir/in.ndjson", qq({"id":1,"mail":"a\@example.com","first":"A","last":"B","nat":["American","Frnce"],"pep":true}\n)
            . qq({"id":2,"mail":"b\@example.com","first":"A","last":"B","nat":"Frnce","pep":"perhaps"}\n[1]\n));
    write_job($dir, "  nationalities: nat\n  pep_status: pep\n", path => 'in.ndjson');
    my $out = words($dir, 0);
    like($out, qr/\A# words in 3 rows, 1 malformed;/, 'a malformed line is counted');
    like($out, qr/^      Frnce: FR    # CHECK, the nearest; 2 items\n/m, 'the items of an array and a single value');
    like($out, qr/^      # perhaps: true or false    # 1 row\n      # read as they are:\n      #   "true": "true"    # 1 row\n/m, 'a boolean of JSON');
};

subtest 'customers\' data is not listed' => sub {
    my @rows = map { row($_, funds => "free text of $_", purpose => "c$_\@example.com", land => 'US') } 1 .. 1200;
    my $dir = new_case(\@rows, "  country: land\n  source_of_funds: funds\n  account_purpose: purpose\n");
    my $out = words($dir, 0);
    like($out, qr/^  # source_of_funds: more than 1,000 distinct words in 1,200 rows: free text, so none is listed$/m, 'more words than any enumeration has');
    like($out, qr/^  # country: 1 distinct words? in 1,200 rows; every one is known$/m, 'the other columns are listed');
    unlike($out, qr/free text of|example\.com/, 'no value of them is shown');
    write_file("$dir/in.csv", join '', map { "$_\n" } join(',', @header), @rows[0 .. 29]);
    $out = words($dir, 0);
    like($out, qr/^  # source_of_funds: 30 distinct words in 30 rows: free text/m, 'words that hardly repeat');
    like($out, qr/^  # account_purpose: 30 distinct words in 30 rows: free text/m, 'addresses');
    unlike($out, qr/free text of|example\.com/, 'no value of them is shown either');
    write_file("$dir/in.csv", join '', map { "$_\n" } join(',', @header), row(1, purpose => 'c1@example.com'), row(2, purpose => '+14155550101'), row(3, purpose => 'fun'));
    $out = words($dir, 0, '--field', 'account_purpose');
    like($out, qr/^      # fun: WORD    # 1 row\n      # \(2 more, not shown: /m, 'single ones are counted');
    unlike($out, qr/example\.com|4155550101/, 'and not shown');
};

subtest 'options' => sub {
    my $dir = new_case([row(1, land => 'Germny', sex => 'H')], "  country: land\n  gender: sex\n  language: {value: en}\n");
    my $out = words($dir, 0, '--field', 'gender');
    like($out, qr/H: WORD/, '--field');
    unlike($out, qr/country/, 'leaves the others out');
    my (undef, $err) = words($dir, 2, '--field', 'contry');
    like($err, qr/unknown field `contry`\nhint: did you mean `country`\?/, 'a misspelt field: the nearest');
    for my $field (qw(email language occupation)) {
        (undef, $err) = words($dir, 2, '--field', $field);
        like($err, qr/$field is not a field of words that the job reads from a column\nhint: such fields are (?:country, gender|gender, country)\n/, "$field has none: those that have");
    }
    (undef, $err) = words($dir, 2, '--feld', 'x');
    like($err, qr/unknown option --feld\nhint: did you mean --field\?/, 'a misspelt option');
    my $none = new_case([row(1)], '');
    like(words($none, 0), qr/\A# words in 1 row: the job reads no field of words from a column\n\z/, 'a job without such fields');
    unlink "$dir/in.csv";
    ($out, $err) = words($dir, 3);
    is($out, '', 'nothing without an input');
};

done_testing();
